import { Body, Controller, Delete, Get, Headers, Param, Put, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, actorOf, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { AllowsDryRun } from '@sluice/platform';
import { etagOf, IF_MATCH } from '../changes/change-log.ts';
import { answerDeleted, answerWith } from '../changes/changed.ts';
import { type Page, PageQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { BindListener, ListenerPage, ListenerView } from './listener.requests.ts';
import { Listeners, listenerViewOf } from './listeners.ts';

@ApiTags('listeners')
@ApiBearerAuth()
@Controller('v1/listeners')
export class ListenersController {
  constructor(private readonly listeners: Listeners) {}

  /** The listeners of an app, newest first: flows with a listener name, and names that are bound to a URL. */
  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: ListenerPage })
  list(@Query() query: PageQuery, @InApp() app: AppScope): Promise<Page<ListenerView>> {
    return this.listeners.page(app.id, query);
  }

  @Get(':name')
  @Requires('automation.view')
  @ApiOkResponse({ type: ListenerView })
  async get(
    @Param('name') name: string,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ListenerView> {
    const found = await this.listeners.get(name, app);
    reply.header('etag', etagOf(found.streamVersion));
    return listenerViewOf(found);
  }

  /** Binds a name to a URL of the app: from now on its events are sent there. */
  @Put(':name')
  @AllowsDryRun()
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  @ApiBody({ type: BindListener })
  @ApiOkResponse({ type: ListenerView })
  @ApiCreatedResponse({ type: ListenerView })
  async bind(
    @Param('name') name: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ListenerView> {
    const bound = await this.listeners.bind(name, body, app, actorOf(caller), ifMatch);
    reply.code(bound.isNew ? 201 : 200);
    return answerWith(reply, bound, listenerViewOf(bound.value));
  }

  @Delete(':name')
  @AllowsDryRun()
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  async unbind(
    @Param('name') name: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return answerDeleted(reply, await this.listeners.unbind(name, app, actorOf(caller), ifMatch));
  }
}
