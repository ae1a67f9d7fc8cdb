import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { platformError } from '@sluice/platform';
import { ListQuery } from '../read-model/list.requests.ts';
import type { Page } from '../read-model/page.ts';
import { KnownTriggers } from './known-triggers.ts';
import { RequestsQueries, type RequestView } from './requests.query.ts';
import { TriggerRequestsQueries } from './trigger-requests.query.ts';
import { TriggerRequestPage, TriggerRequestsQuery } from './trigger-requests.requests.ts';
import { REQUEST, REQUEST_PAGE } from '../read-model/answer-schemas.ts';

@ApiTags('requests')
@ApiBearerAuth()
@Controller('v1')
export class RequestsController {
  constructor(
    private readonly queries: RequestsQueries,
    private readonly ofTriggers: TriggerRequestsQueries,
    private readonly triggers: KnownTriggers,
  ) {}

  /** Requests that were accepted, newest first, each with the state of its run. */
  @Get('requests')
  @ApiOkResponse({ schema: REQUEST_PAGE })
  @Requires('automation.view')
  list(@InApp() app: AppScope, @Query() query: ListQuery): Promise<Page<RequestView>> {
    return this.queries.list(app.id, query);
  }

  @Get('requests/:id')
  @ApiOkResponse({ schema: REQUEST })
  @Requires('automation.view')
  async get(@InApp() app: AppScope, @Param('id') id: string): Promise<RequestView> {
    const request = isUuid(id) ? await this.queries.find(id) : null;
    if (!request || !app.sees(request.appId)) throw platformError('not_found', `there is no request ${id}`);
    return request;
  }

  /** What came to one trigger, newest first: what was accepted, and a sample of what was refused with the reason. */
  @Get('triggers/:id/requests')
  @Requires('automation.view')
  @ApiOkResponse({ type: TriggerRequestPage })
  ofTrigger(
    @InApp() app: AppScope,
    @Param('id') id: string,
    @Query() query: TriggerRequestsQuery,
  ): Promise<TriggerRequestPage> {
    return this.triggers.itemsOf(app, id, (appId, triggerId) => this.ofTriggers.list(appId, triggerId, query));
  }
}
