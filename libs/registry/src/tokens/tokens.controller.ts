import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { AccessControl, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import type { TokenState } from '@sluice/contracts';
import { AllowsDryRun } from '@sluice/platform';
import { PageQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { CreateToken, NewTokenView, TokenPage, TokenView } from './token.requests.ts';
import { Tokens } from './tokens.ts';
import { TokenQueries } from './tokens.query.ts';

const DAY_MS = 86_400_000;

@ApiTags('personal access tokens')
@ApiBearerAuth()
@Controller(['v1/personal-access-tokens', 'v1/tokens'])
export class TokensController {
  constructor(
    private readonly tokens: Tokens,
    private readonly queries: TokenQueries,
    private readonly access: AccessControl,
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
    const { state, clear } = await this.tokens.create(body, app, caller);
    reply.header('location', `/v1/personal-access-tokens/${state.id}`);
    reply.header('cache-control', 'no-store');
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
  async get(@Param('id') id: string, @InApp() app: AppScope): Promise<TokenView> {
    const { state } = await this.tokens.get(id, app);
    return tokenViewOf(state, (await this.access.lastUsed([state.id])).get(state.id) ?? null);
  }

  @Delete(':id')
  @AllowsDryRun()
  @HttpCode(204)
  @Requires('admin')
  revoke(@Param('id') id: string, @InApp() app: AppScope, @Caller() caller: Principal): Promise<void> {
    return this.tokens.revoke(id, app, caller);
  }
}

export function tokenViewOf(state: TokenState, lastUsed: string | null): TokenView {
  const { id, number, appId, note, scopes, expiresAt, createdAt } = state;
  const lifeMs = expiresAt === null ? null : Date.parse(expiresAt) - Date.parse(createdAt);
  const expiration = lifeMs === null ? null : Math.round(lifeMs / DAY_MS);
  return { id, number, appId, note, scopes, expiration, expiresAt, last_used: lastUsed, createdAt };
}
