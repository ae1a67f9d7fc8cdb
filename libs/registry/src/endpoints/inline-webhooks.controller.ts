import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { InlineWebhook } from './endpoint.responses.ts';
import { EndpointQueries } from './endpoints.query.ts';

/** LU-12: what a flow can call, without where and how. */
@ApiTags('endpoints')
@ApiBearerAuth()
@Controller('inline_webhooks')
export class InlineWebhooksController {
  constructor(private readonly queries: EndpointQueries) {}

  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: [InlineWebhook] })
  async list(@InApp() app: AppScope): Promise<InlineWebhook[]> {
    const endpoints = await this.queries.inline(app.id);
    return endpoints.flatMap(({ id, hookType, name, description }) =>
      hookType ? [{ id, hook_type: hookType, name, description }] : [],
    );
  }
}
