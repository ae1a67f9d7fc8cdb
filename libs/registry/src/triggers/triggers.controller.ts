import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import type { TriggerState } from '@sluice/contracts';
import { AllowsDryRun, InjectSettings, type Settings } from '@sluice/platform';
import { actorOf, etagOf, IF_MATCH } from '../changes/change-log.ts';
import { answerDeleted, answerWith } from '../changes/changed.ts';
import { History, HistoryPage } from '../changes/history.ts';
import { PageQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { authViewOf } from '../trigger-auth/auth.rules.ts';
import { handshakeViewOf } from '../trigger-auth/handshake.rules.ts';
import {
  ChangeTrigger,
  CreateTrigger,
  NewTriggerToken,
  NewTriggerView,
  TriggerPage,
  TriggersQuery,
  TriggerView,
} from './trigger.requests.ts';
import { urlOfTrigger } from './trigger-profile.rules.ts';
import { curlOf, exampleBodyOf } from './trigger.rules.ts';
import { Triggers, type TriggerWithToken } from './triggers.ts';
import { TriggerQueries } from './triggers.query.ts';

@ApiTags('triggers')
@ApiBearerAuth()
@Controller('v1/triggers')
export class TriggersController {
  constructor(
    private readonly triggers: Triggers,
    private readonly queries: TriggerQueries,
    private readonly history: History,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  @Post()
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('automation.manage')
  @ApiBody({ type: CreateTrigger })
  @ApiCreatedResponse({ type: NewTriggerView })
  async create(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<NewTriggerView> {
    const created = await this.triggers.create(body, app, actorOf(caller));
    const { state, token, secret } = created.value;
    reply.header('location', `/v1/triggers/${state.id}`);
    reply.header('cache-control', 'no-store');
    const instructions = this.instructions(created.value);
    const view = { ...this.viewOf(state), token: token?.clear ?? null, secret, instructions };
    return answerWith(reply, created, view);
  }

  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: TriggerPage })
  async list(@Query() query: TriggersQuery, @InApp() app: AppScope): Promise<TriggerPage> {
    const page = await this.queries.page(app.id, query);
    return { items: page.items.map((state) => this.viewOf(state)), nextCursor: page.nextCursor };
  }

  @Get(':id')
  @Requires('automation.view')
  @ApiOkResponse({ type: TriggerView })
  async get(
    @Param('id') id: string,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<TriggerView> {
    const trigger = await this.triggers.get(id, app);
    reply.header('etag', etagOf(trigger.streamVersion));
    return this.viewOf(trigger.state);
  }

  @Patch(':id')
  @AllowsDryRun()
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  @ApiBody({ type: ChangeTrigger })
  @ApiOkResponse({ type: TriggerView })
  async change(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<TriggerView> {
    const changed = await this.triggers.change(id, body, app, actorOf(caller), ifMatch);
    return answerWith(reply, changed, this.viewOf(changed.value));
  }

  @Delete(':id')
  @AllowsDryRun()
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  async delete(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return answerDeleted(reply, await this.triggers.delete(id, app, actorOf(caller), ifMatch));
  }

  @Post(':id/tokens')
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  @ApiCreatedResponse({ type: NewTriggerToken })
  async addToken(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<NewTriggerToken> {
    const added = await this.triggers.addToken(id, app, actorOf(caller), ifMatch);
    const { token } = added.value;
    if (!token) throw new Error('a token was added without being made');
    reply.header('cache-control', 'no-store');
    const { id: tokenId, createdAt } = token.stored;
    const view = { id: tokenId, createdAt, token: token.clear, instructions: this.instructions(added.value) };
    return answerWith(reply, added, view);
  }

  @Delete(':id/tokens/:tokenId')
  @AllowsDryRun()
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  async revokeToken(
    @Param('id') id: string,
    @Param('tokenId') tokenId: string,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return answerDeleted(reply, await this.triggers.revokeToken(id, tokenId, app, actorOf(caller), ifMatch));
  }

  @Get(':id/history')
  @Requires('automation.view')
  @ApiOkResponse({ type: HistoryPage })
  historyOf(@Param('id') id: string, @Query() query: PageQuery, @InApp() app: AppScope): Promise<HistoryPage> {
    return this.history.page('Trigger', id, app, query);
  }

  private viewOf(state: TriggerState): TriggerView {
    return triggerViewOf(state, this.settings.publicUrl);
  }

  private instructions({ state, token, secret, definition }: TriggerWithToken): { curl: string } {
    const url = urlOfTrigger(state, this.settings.publicUrl);
    const method = state.methods[0] ?? 'POST';
    return { curl: curlOf(url, state.auth, method, token?.clear ?? secret, exampleBodyOf(definition)) };
  }
}

/** Tokens and secrets are shown by id and time, never by their hash or reference. */
export function triggerViewOf(state: TriggerState, publicUrl: string): TriggerView {
  const { tokens, secrets = [], handshake, listener, ...rest } = state;
  return {
    ...rest,
    ordering: rest.ordering ?? null,
    ...(listener ? { listener: listener.name } : {}),
    url: urlOfTrigger(state, publicUrl),
    auth: authViewOf(state),
    tokens: tokens.map(({ id, createdAt }) => ({ id, createdAt })),
    secrets: secrets.map(({ id, createdAt }) => ({ id, createdAt })),
    ...(handshake ? { handshake: handshakeViewOf(handshake) } : {}),
  };
}
