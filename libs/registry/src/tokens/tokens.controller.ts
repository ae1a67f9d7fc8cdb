import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { AccessControl, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import type { TokenState } from '@sluice/contracts';
import { AllowsDryRun } from '@sluice/platform';
import { etagOf, IF_MATCH } from '../changes/change-log.ts';
import { answerDeleted } from '../changes/changed.ts';
import { History, HistoryPage } from '../changes/history.ts';
import { PageQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { CreateToken, NewTokenView, TokenPage, TokenView } from './token.requests.ts';
import { Tokens } from './tokens.ts';
import { daysOf } from './token.rules.ts';
import { TokenQueries } from './tokens.query.ts';

/** All tokens of an app, for its administrators; those made here belong to the app and outlive who made them. */
@ApiTags('tokens')
@ApiBearerAuth()
@Controller('v1/tokens')
export class TokensController {
  constructor(
    private readonly tokens: Tokens,
    private readonly queries: TokenQueries,
    private readonly access: AccessControl,
    private readonly history: History,
  ) {}

  @Post()
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('admin')
  @ApiBody({ type: CreateToken })
  @ApiCreatedResponse({ type: NewTokenView })
  async create(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<NewTokenView> {
    const { state, clear } = await this.tokens.create(body, app, caller, null);
    reply.header('location', `/v1/tokens/${state.id}`);
    reply.header('cache-control', 'no-store');
    reply.header('etag', etagOf(1));
    return { ...tokenViewOf(state, null), token: clear };
  }

  @Get()
  @Requires('admin')
  @ApiOkResponse({ type: TokenPage })
  async list(@Query() query: PageQuery, @InApp() app: AppScope): Promise<TokenPage> {
    const page = await this.queries.page(query, app.only);
    const used = await this.access.lastUsed(page.items.map((state) => state.id));
    return {
      items: page.items.map((state) => tokenViewOf(state, used.get(state.id) ?? null)),
      nextCursor: page.nextCursor,
    };
  }

  @Get(':id')
  @Requires('admin')
  @ApiOkResponse({ type: TokenView })
  async get(
    @Param('id') id: string,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<TokenView> {
    const { state, streamVersion } = await this.tokens.get(id, app);
    reply.header('etag', etagOf(streamVersion));
    return tokenViewOf(state, (await this.access.lastUsed([state.id])).get(state.id) ?? null);
  }

  @Get(':id/history')
  @Requires('admin')
  @ApiOkResponse({ type: HistoryPage })
  historyOf(@Param('id') id: string, @Query() query: PageQuery, @InApp() app: AppScope): Promise<HistoryPage> {
    return this.history.page('Token', id, app, query);
  }

  @Delete(':id')
  @AllowsDryRun()
  @Requires('admin')
  @ApiHeader(IF_MATCH)
  async revoke(
    @Param('id') id: string,
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return answerDeleted(reply, await this.tokens.revoke(id, app, caller, ifMatch));
  }
}

export function tokenViewOf(state: TokenState, lastUsed: string | null): TokenView {
  const { id, number, appId, userId, note, scopes, expiresAt, createdAt } = state;
  const expiration = daysOf(state);
  return { id, number, appId, userId, note, scopes, expiration, expiresAt, last_used: lastUsed, createdAt };
}
