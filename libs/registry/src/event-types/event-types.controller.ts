import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { actorOf, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { AllowsDryRun, platformError } from '@sluice/platform';
import { etagOf, IF_MATCH } from '../changes/change-log.ts';
import { answerDeleted, answerWith } from '../changes/changed.ts';
import { History, HistoryPage } from '../changes/history.ts';
import { type Page, PageQuery, SearchQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { ChangeEventType, CreateEventType } from './event-type.requests.ts';
import {
  EventTypeExample,
  EventTypePage,
  EventTypeVersion,
  EventTypeVersionPage,
  EventTypeView,
} from './event-type.responses.ts';
import { EventTypes } from './event-types.ts';
import { EventTypeExamples } from './event-type-examples.ts';
import { EventTypeQueries } from './event-types.query.ts';

/** The catalogue of event types, by name; the built-in ones stand in every app's and are only read. */
@ApiTags('event types')
@ApiBearerAuth()
@Controller('v1/event-types')
export class EventTypesController {
  constructor(
    private readonly types: EventTypes,
    private readonly queries: EventTypeQueries,
    private readonly history: History,
    private readonly examples: EventTypeExamples,
  ) {}

  @Post()
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('automation.manage')
  @ApiBody({ type: CreateEventType })
  @ApiCreatedResponse({ type: EventTypeView })
  async create(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<EventTypeView> {
    const created = await this.types.create(body, app.id, actorOf(caller));
    reply.header('location', `/v1/event-types/${encodeURIComponent(created.value.name)}`);
    return answerWith(reply, created, created.value);
  }

  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: EventTypePage })
  list(@Query() query: SearchQuery, @InApp() app: AppScope): Promise<Page<EventTypeView>> {
    return this.queries.page(app.id, query);
  }

  @Get(':name')
  @Requires('automation.view')
  @ApiOkResponse({ type: EventTypeView })
  async get(
    @Param('name') name: string,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<EventTypeView> {
    const { view, stored } = await this.types.find(name, app.id);
    if (stored) reply.header('etag', etagOf(stored.streamVersion));
    return view;
  }

  @Patch(':name')
  @AllowsDryRun()
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  @ApiBody({ type: ChangeEventType })
  @ApiOkResponse({ type: EventTypeView })
  async change(
    @Param('name') name: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<EventTypeView> {
    const changed = await this.types.change(name, body, app.id, actorOf(caller), ifMatch);
    return answerWith(reply, changed, changed.value);
  }

  @Delete(':name')
  @AllowsDryRun()
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  async delete(
    @Param('name') name: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return answerDeleted(reply, await this.types.delete(name, app.id, actorOf(caller), ifMatch));
  }

  @Get(':name/versions')
  @Requires('automation.view')
  @ApiOkResponse({ type: EventTypeVersionPage })
  async versions(
    @Param('name') name: string,
    @Query() query: PageQuery,
    @InApp() app: AppScope,
  ): Promise<Page<EventTypeVersion>> {
    const type = await this.types.kept(name, app.id);
    return this.queries.versions(type.state.id, query);
  }

  @Get(':name/versions/:version')
  @Requires('automation.view')
  @ApiOkResponse({ type: EventTypeVersion })
  async version(
    @Param('name') name: string,
    @Param('version') version: string,
    @InApp() app: AppScope,
  ): Promise<EventTypeVersion> {
    const type = await this.types.kept(name, app.id);
    const found = /^[1-9]\d{0,8}$/.test(version) ? await this.queries.version(type.state.id, Number(version)) : null;
    if (!found) throw platformError('not_found', 'the event type has no such version');
    return found;
  }

  /** An event with made-up data that fits the schema, or says where it does not, to be sent to POST /v1/events. */
  @Get(':name/example')
  @Requires('automation.view')
  @ApiOkResponse({ type: EventTypeExample })
  async example(@Param('name') name: string, @InApp() app: AppScope): Promise<EventTypeExample> {
    const { view, stored } = await this.types.find(name, app.id);
    const { data, problems } = this.examples.of(`${stored?.state.id ?? name}/${view.version}`, view.schema);
    const event = { specversion: '1.0', id: 'example-1', source: '/example', type: name, data };
    return problems.length === 0 ? { event } : { event, problems };
  }

  @Get(':name/history')
  @Requires('automation.view')
  @ApiOkResponse({ type: HistoryPage })
  async historyOf(
    @Param('name') name: string,
    @Query() query: PageQuery,
    @InApp() app: AppScope,
  ): Promise<HistoryPage> {
    const type = await this.types.everKnown(name, app.id);
    return this.history.page('EventType', type.state.id, app, query);
  }
}
