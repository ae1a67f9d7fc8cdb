import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, InApp, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { platformError } from '@sluice/platform';
import { ListQuery } from '../read-model/list.requests.ts';
import type { Page } from '../read-model/page.ts';
import { EventsQueries, type EventView } from './events.query.ts';
import { findSoon } from './find-soon.ts';
import { EVENT, EVENT_PAGE } from '../read-model/answer-schemas.ts';

@ApiTags('events')
@ApiBearerAuth()
@Controller('v1/events')
export class EventsController {
  constructor(private readonly queries: EventsQueries) {}

  /** Domain events of an app, newest first. */
  @Get()
  @ApiOkResponse({ schema: EVENT_PAGE })
  @Requires('automation.view')
  list(@InApp() app: AppScope, @Query() query: ListQuery): Promise<Page<EventView>> {
    return this.queries.list(app.id, query);
  }

  /** ET-05: what `entityUrl` of an emitted or published event answers. */
  @Get(':id')
  @ApiOkResponse({ schema: EVENT })
  @Requires('automation.view')
  async get(@InApp() app: AppScope, @Param('id') id: string): Promise<EventView> {
    const event = isUuid(id) ? await findSoon(id, () => this.queries.find(id)) : null;
    if (!event || !app.sees(event.appId)) throw platformError('not_found', `there is no event ${id}`);
    return event;
  }
}
