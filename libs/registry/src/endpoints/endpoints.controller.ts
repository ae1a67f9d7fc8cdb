import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { AllowsDryRun, OptionalBody, platformError } from '@sluice/platform';
import { actorOf, etagOf, IF_MATCH } from '../changes/change-log.ts';
import { answerDeleted, answerWith } from '../changes/changed.ts';
import { History, HistoryPage } from '../changes/history.ts';
import { PageQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { refuseBeyondPortal } from '../portal/portal-change.ts';
import { PortalLinks } from '../portal/portal-links.ts';
import { ChangeEndpoint, CreateEndpoint, EndpointsQuery, RotateSecret } from './endpoint.requests.ts';
import { EndpointPage, EndpointView, endpointViewOf, RotatedSecret } from './endpoint.responses.ts';
import { Endpoints } from './endpoints.ts';
import { EndpointQueries } from './endpoints.query.ts';

/** Only administrators change endpoints (ET-01); `/rest/v1/webhooks` is the name that one vendor's users know. */
@ApiTags('endpoints')
@ApiBearerAuth()
@Controller(['v1/endpoints', 'rest/v1/webhooks'])
export class EndpointsController {
  constructor(
    private readonly endpoints: Endpoints,
    private readonly queries: EndpointQueries,
    private readonly history: History,
    private readonly links: PortalLinks,
  ) {}

  @Post()
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('admin')
  @ApiBody({ type: CreateEndpoint })
  @ApiCreatedResponse({ type: EndpointView })
  async create(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<EndpointView> {
    const created = await this.endpoints.create(body, app.id, actorOf(caller));
    reply.header('location', `/v1/endpoints/${created.value.id}`);
    return answerWith(reply, created, endpointViewOf(created.value));
  }

  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: EndpointPage })
  async list(@Query() query: EndpointsQuery, @InApp() app: AppScope): Promise<EndpointPage> {
    const page = await this.queries.page(app.id, query);
    return { items: await this.queries.withDelivery(page.items.map(endpointViewOf)), nextCursor: page.nextCursor };
  }

  @Get(':id')
  @Requires('automation.view', { portal: 'view' })
  @ApiOkResponse({ type: EndpointView })
  async get(
    @Param('id') id: string,
    @InApp() app: AppScope,
    @Req() request: { url: string },
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<EndpointView> {
    const endpoint = await this.endpoints.find(id, app);
    if (endpoint.deleted) {
      // Addresses under /rest/v1 stand in events that were sent long ago (ET-11).
      const isEntity = request.url.startsWith('/rest/');
      throw platformError(isEntity ? 'gone' : 'not_found', isEntity ? 'it was deleted' : 'there is no such endpoint');
    }
    reply.header('etag', etagOf(endpoint.streamVersion));
    const [view] = await this.queries.withDelivery([endpointViewOf(endpoint.state)]);
    return view as EndpointView;
  }

  @Patch(':id')
  @AllowsDryRun()
  @Requires('admin', { portal: 'manage' })
  @ApiHeader(IF_MATCH)
  @ApiBody({ type: ChangeEndpoint })
  @ApiOkResponse({ type: EndpointView })
  async change(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<EndpointView> {
    if (caller.portal) {
      const [link, { state }] = await Promise.all([this.links.find(caller.tokenId), this.endpoints.get(id, app)]);
      refuseBeyondPortal(body, [...state.events, ...(link?.events ?? [])]);
    }
    const changed = await this.endpoints.change(id, body, app, actorOf(caller), ifMatch);
    return answerWith(reply, changed, endpointViewOf(changed.value));
  }

  @Delete(':id')
  @AllowsDryRun()
  @Requires('admin')
  @ApiHeader(IF_MATCH)
  async delete(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return answerDeleted(reply, await this.endpoints.delete(id, app, actorOf(caller), ifMatch));
  }

  @Post(':id/secret/rotate')
  @AllowsDryRun()
  @HttpCode(200)
  @Requires('admin', { portal: 'manage' })
  @ApiHeader(IF_MATCH)
  @OptionalBody({ type: RotateSecret })
  @ApiOkResponse({ type: RotatedSecret })
  async rotate(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<RotatedSecret> {
    const rotated = await this.endpoints.rotate(id, body, app, actorOf(caller), ifMatch);
    return { ...answerWith(reply, rotated, endpointViewOf(rotated.value)), newSecret: rotated.secret };
  }

  @Get(':id/history')
  @Requires('automation.view')
  @ApiOkResponse({ type: HistoryPage })
  async historyOf(@Param('id') id: string, @Query() query: PageQuery, @InApp() app: AppScope): Promise<HistoryPage> {
    const endpoint = await this.endpoints.find(id, app);
    return this.history.page('Endpoint', endpoint.state.uuid, app, query);
  }
}
