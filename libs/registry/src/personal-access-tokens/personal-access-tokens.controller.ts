import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { AccessControl, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import type { TokenState } from '@sluice/contracts';
import { AllowsDryRun, OptionalBody, platformError } from '@sluice/platform';
import { etagOf, IF_MATCH } from '../changes/change-log.ts';
import { answerDeleted, answerWith } from '../changes/changed.ts';
import { PageQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { CreateToken, RegenerateToken } from '../tokens/token.requests.ts';
import type { TokenRow } from '../tokens/token-rows.ts';
import { daysOf } from '../tokens/token.rules.ts';
import { Tokens } from '../tokens/tokens.ts';
import { TokenQueries } from '../tokens/tokens.query.ts';
import { NewPersonalTokenView, PersonalTokenPage, PersonalTokenView } from './personal-access-token.requests.ts';

/**
 * A user's own tokens (LC-08), for whoever may do everything the user may: somebody who has signed in, or a token of
 * scope `admin`. For a credential that belongs to no user they are the tokens of its app.
 */
@ApiTags('personal access tokens')
@ApiBearerAuth()
@Controller('v1/personal-access-tokens')
export class PersonalAccessTokensController {
  constructor(
    private readonly tokens: Tokens,
    private readonly queries: TokenQueries,
    private readonly access: AccessControl,
  ) {}

  @Post()
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('admin', { role: 'viewer' })
  @ApiBody({ type: CreateToken })
  @ApiCreatedResponse({ type: NewPersonalTokenView })
  async create(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<NewPersonalTokenView> {
    const { state, clear } = await this.tokens.create(body, app, caller, caller.userId);
    reply.header('location', `/v1/personal-access-tokens/${state.id}`);
    reply.header('cache-control', 'no-store');
    reply.header('etag', etagOf(1));
    return { ...viewOf(state, null), token: clear };
  }

  @Get()
  @Requires('admin', { role: 'viewer' })
  @ApiOkResponse({ type: PersonalTokenPage })
  async list(
    @Query() query: PageQuery,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
  ): Promise<PersonalTokenPage> {
    const page = await this.queries.page(query, caller.userId === null ? app.only : caller.appId, caller.userId);
    const used = await this.access.lastUsed(page.items.map((state) => state.id));
    return {
      items: page.items.map((state) => viewOf(state, used.get(state.id) ?? null)),
      nextCursor: page.nextCursor,
    };
  }

  @Get(':id')
  @Requires('admin', { role: 'viewer' })
  @ApiOkResponse({ type: PersonalTokenView })
  async get(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<PersonalTokenView> {
    const { state, streamVersion } = await this.own(id, caller, app);
    reply.header('etag', etagOf(streamVersion));
    return viewOf(state, (await this.access.lastUsed([state.id])).get(state.id) ?? null);
  }

  /** The token before stops working at once: no service takes it any more when this is answered. */
  @Post(':id/regenerate')
  @AllowsDryRun()
  @HttpCode(200)
  @Requires('admin', { role: 'viewer' })
  @ApiHeader(IF_MATCH)
  @OptionalBody({ type: RegenerateToken })
  @ApiOkResponse({ type: NewPersonalTokenView })
  async regenerate(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<NewPersonalTokenView> {
    const made = await this.tokens.regenerate(() => this.own(id, caller, app), body, caller, ifMatch);
    const { state, clear } = made.value;
    reply.header('cache-control', 'no-store');
    const lastUsed = (await this.access.lastUsed([state.id])).get(state.id) ?? null;
    return answerWith(reply, made, { ...viewOf(state, lastUsed), token: clear });
  }

  /** No service takes it any more when this is answered. */
  @Delete(':id')
  @AllowsDryRun()
  @Requires('admin', { role: 'viewer' })
  @ApiHeader(IF_MATCH)
  async revoke(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    await this.own(id, caller, app);
    return answerDeleted(reply, await this.tokens.revoke(id, EVERY_APP_OF_THEIRS, caller, ifMatch));
  }

  /**
   * A credential of one app reaches only its user's tokens of that app: by making another anew it would become them.
   * @throws AppError 404 for a token of somebody else, or of another app.
   */
  private async own(id: string, caller: Principal, app: AppScope): Promise<TokenRow> {
    const row = await this.tokens.get(id, caller.userId === null ? app : EVERY_APP_OF_THEIRS);
    const isOfCaller = caller.userId === null || row.state.userId === caller.userId;
    const isInReach = caller.appId === null || row.state.appId === caller.appId;
    if (!isOfCaller || !isInReach) {
      throw platformError('not_found', 'there is no such token');
    }
    return row;
  }
}

/** A token that is the caller's own is theirs in whichever app it works. */
const EVERY_APP_OF_THEIRS: AppScope = { id: '', only: null, sees: () => true };

function viewOf(state: TokenState, lastUsed: string | null): PersonalTokenView {
  const { id, note, scopes } = state;
  return { id, expiration: daysOf(state), note, last_used: lastUsed, scopes };
}
