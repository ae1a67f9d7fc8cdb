import { Body, Controller, Get, HttpCode, Post, Query, Res, UseFilters } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import type { Reply } from '../requests/reply.ts';
import { LENRA_ERRORS, LenraErrors } from './lenra-errors.filter.ts';
import { CreateWebhook, WebhookView } from './listener.requests.ts';
import { integerOf } from './webhook.rules.ts';
import { Webhooks } from './webhooks.ts';

/** The webhooks of Lenra's API, with its paths, keys and errors (compatibility.md §2). */
@ApiTags('listeners')
@ApiBearerAuth()
@UseFilters(LenraErrors)
@Controller()
export class WebhooksController {
  constructor(private readonly webhooks: Webhooks) {}

  /** Makes a webhook: a listener's name and the props that it gets with every event. */
  @Post(['app/webhooks', 'app-api/v1/webhooks'])
  @HttpCode(200)
  @RouteConfig(LENRA_ERRORS)
  @Requires('automation.manage')
  @ApiBody({ type: CreateWebhook })
  @ApiOkResponse({ type: WebhookView })
  create(@Body() body: unknown, @Caller() caller: Principal, @InApp() app: AppScope): Promise<Record<string, unknown>> {
    return this.webhooks.create(body, app, caller);
  }

  /** The webhooks of an environment, oldest first, as a bare array; more than a thousand continue behind `Link`. */
  @Get('api/webhooks')
  @Requires('automation.view')
  @ApiQuery({ name: 'env_id', type: 'integer', description: "the app's environmentId" })
  @ApiQuery({ name: 'user_id', type: 'integer', required: false, description: 'only those that this user made' })
  @ApiQuery({ name: 'after', type: String, required: false, description: 'the uuid of the last one seen' })
  @ApiOkResponse({ type: [WebhookView] })
  async list(
    @Query() query: Record<string, unknown>,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Record<string, unknown>[]> {
    const environmentId = integerOf('env_id', query.env_id);
    const userNumber = query.user_id === undefined ? null : integerOf('user_id', query.user_id);
    const after = isUuid(query.after) ? query.after : null;
    const page = await this.webhooks.list(app, environmentId, userNumber, after);
    if (page.after !== null) {
      const next = new URLSearchParams({ env_id: String(environmentId), after: page.after });
      if (userNumber !== null) next.set('user_id', String(userNumber));
      reply.header('link', `</api/webhooks?${next.toString()}>; rel="next"`);
    }
    return page.items;
  }
}
