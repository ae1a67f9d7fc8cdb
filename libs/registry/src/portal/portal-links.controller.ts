import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AccessControl, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import type { PortalLinkState } from '@sluice/contracts';
import { AllowsDryRun, IdPageQuery, platformError } from '@sluice/platform';
import { actorOf } from '../changes/change-log.ts';
import { answerDeleted } from '../changes/changed.ts';
import { Endpoints } from '../endpoints/endpoints.ts';
import { EndpointQueries } from '../endpoints/endpoints.query.ts';
import { endpointViewOf } from '../endpoints/endpoint.responses.ts';
import type { Reply } from '../requests/reply.ts';
import { CreatePortalLink, NewPortalLink, PortalLinkPage, PortalLinkView, PortalView } from './portal-link.requests.ts';
import { PortalLinks } from './portal-links.ts';

const DEFAULT_LIMIT = 50;

/** Links by which an app's customers see and manage their own endpoints, and nothing else. */
@ApiTags('customer portal')
@ApiBearerAuth()
@Controller('v1')
export class PortalLinksController {
  constructor(
    private readonly links: PortalLinks,
    private readonly endpoints: Endpoints,
    private readonly queries: EndpointQueries,
    private readonly access: AccessControl,
  ) {}

  @Post('portal-links')
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('admin')
  @ApiBody({ type: CreatePortalLink })
  @ApiCreatedResponse({ type: NewPortalLink })
  async create(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<NewPortalLink> {
    const { link, url } = await this.links.create(body, app, actorOf(caller));
    reply.header('cache-control', 'no-store');
    return { ...viewOf(link, null), url };
  }

  /** Those that still work. */
  @Get('portal-links')
  @Requires('admin')
  @ApiOkResponse({ type: PortalLinkPage })
  async list(@Query() query: IdPageQuery, @InApp() app: AppScope): Promise<PortalLinkPage> {
    const limit = query.limit ?? DEFAULT_LIMIT;
    const found = await this.links.page(app.id, query.cursor, limit + 1);
    const links = found.slice(0, limit);
    const used = await this.access.lastUsed(links.map(({ id }) => id));
    return {
      items: links.map((link) => viewOf(link, used.get(link.id) ?? null)),
      nextCursor: found.length > limit ? (links.at(-1)?.id ?? null) : null,
    };
  }

  /** Whoever uses the link is refused from now on, by every service. */
  @Delete('portal-links/:id')
  @AllowsDryRun()
  @Requires('admin')
  @ApiNotFoundResponse({ description: 'not_found' })
  async revoke(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return answerDeleted(reply, await this.links.revoke(id, app, actorOf(caller)));
  }

  /** What the caller's portal link reaches. For other credentials there is nothing here. */
  @Get('portal')
  @Requires('automation.view', { portal: 'view' })
  @ApiOkResponse({ type: PortalView })
  @ApiNotFoundResponse({ description: 'not_found' })
  async portal(@Caller() caller: Principal, @InApp() app: AppScope): Promise<PortalView> {
    const { portal } = caller;
    const link = portal ? await this.links.find(caller.tokenId) : null;
    if (!portal || !link) throw platformError('not_found', 'this is for portal links');
    const found = await Promise.all(portal.endpoints.map(({ uuid }) => this.endpoints.find(uuid, app)));
    const views = found.filter(({ deleted }) => !deleted).map(({ state }) => endpointViewOf(state));
    return {
      permissions: portal.permissions,
      expiresAt: link.expiresAt,
      events: link.events ?? [],
      endpoints: await this.queries.withDelivery(views),
    };
  }
}

function viewOf(link: PortalLinkState, lastUsed: string | null): PortalLinkView {
  const { id, appId, endpoints, customer, permissions, embedIn, events = [], expiresAt, createdAt } = link;
  return { id, appId, endpoints, customer, permissions, embedIn, events, expiresAt, createdAt, lastUsed };
}
