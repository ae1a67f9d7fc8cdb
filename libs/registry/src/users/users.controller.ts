import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { appsOf, Caller, type Principal, Requires } from '@sluice/access';
import { AllowsDryRun } from '@sluice/platform';
import { actorOf, etagOf, IF_MATCH } from '../changes/change-log.ts';
import { answerDeleted, answerWith, PROPAGATING } from '../changes/changed.ts';
import { History, HistoryPage } from '../changes/history.ts';
import { type Page, PageQuery, SearchQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { Tokens } from '../tokens/tokens.ts';
import { ChangeMe, ChangePassword, ChangeUser, CreateUser, UserPage, UserView } from './user.requests.ts';
import type { UserRow } from './user-rows.ts';
import { Users } from './users.ts';
import { UserQueries } from './users.query.ts';
import { visibleChange, visibleUser } from './visible-user.rules.ts';

/** Users belong to the deployment; an administrator sees those with a role in an app of theirs. */
@ApiTags('users')
@ApiBearerAuth()
@Controller('v1/users')
export class UsersController {
  constructor(
    private readonly users: Users,
    private readonly queries: UserQueries,
    private readonly tokens: Tokens,
    private readonly history: History,
  ) {}

  @Post()
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('admin')
  @ApiBody({ type: CreateUser })
  @ApiCreatedResponse({ type: UserView })
  async create(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<UserView> {
    const row = await this.users.create(body, caller);
    reply.header('location', `/v1/users/${row.state.id}`);
    return shown(row, reply, caller);
  }

  @Get()
  @Requires('admin')
  @ApiOkResponse({ type: UserPage })
  list(@Query() query: SearchQuery, @Caller() caller: Principal): Promise<Page<UserView>> {
    return this.queries.page(query, appsOf(caller, 'administrator'));
  }

  /** The user whose credential this is. */
  @Get('me')
  @Requires('admin', { role: 'viewer' })
  @ApiOkResponse({ type: UserView })
  async me(@Caller() caller: Principal, @Res({ passthrough: true }) reply: Reply): Promise<UserView> {
    return shown(await this.users.me(caller), reply);
  }

  @Patch('me')
  @AllowsDryRun()
  @Requires('admin', { role: 'viewer' })
  @ApiHeader(IF_MATCH)
  @ApiBody({ type: ChangeMe })
  @ApiOkResponse({ type: UserView })
  async changeMe(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<UserView> {
    return shown(await this.users.changeMe(body, caller, ifMatch), reply);
  }

  /** Ends all other sessions of the user. */
  @Post('me/password')
  @HttpCode(204)
  @Requires('admin', { role: 'viewer' })
  @ApiBody({ type: ChangePassword })
  @ApiNoContentResponse({ description: 'changed' })
  @ApiOkResponse({ schema: PROPAGATING, description: 'changed, but not every replica knew within two seconds' })
  async changePassword(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return answerDeleted(reply, await this.users.changePassword(body, caller));
  }

  @Get(':id')
  @Requires('admin')
  @ApiOkResponse({ type: UserView })
  async get(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<UserView> {
    return shown(await this.users.get(id, caller), reply, caller);
  }

  @Patch(':id')
  @AllowsDryRun()
  @Requires('admin')
  @ApiHeader(IF_MATCH)
  @ApiBody({ type: ChangeUser })
  @ApiOkResponse({ type: UserView })
  async change(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<UserView> {
    const changed = await this.users.change(id, body, caller, ifMatch);
    return answerWith(reply, changed, shown(changed.value, reply, caller));
  }

  /** The user's personal access tokens and sessions end with the user. */
  @Delete(':id')
  @AllowsDryRun()
  @Requires('admin')
  @ApiHeader(IF_MATCH)
  async delete(
    @Param('id') id: string,
    @Caller() caller: Principal,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const deleted = await this.users.delete(id, caller, ifMatch);
    await this.tokens.revokeAllOf(deleted.value.state.id, actorOf(caller));
    return answerDeleted(reply, deleted);
  }

  @Get(':id/history')
  @Requires('admin')
  @ApiOkResponse({ type: HistoryPage })
  async historyOf(
    @Param('id') id: string,
    @Query() query: PageQuery,
    @Caller() caller: Principal,
  ): Promise<HistoryPage> {
    const { state } = await this.users.get(id, caller, 'also deleted');
    const page = await this.history.page('User', state.id, { sees: () => true }, query);
    const apps = appsOf(caller, 'administrator');
    return { ...page, items: page.items.map((item) => visibleChange(apps, item)) };
  }
}

/** @param caller who sees the user as a member of their apps; absent for the user's own eyes. */
function shown({ state, streamVersion }: UserRow, reply: Reply, caller?: Principal): UserView {
  reply.header('etag', etagOf(streamVersion));
  return caller ? visibleUser(appsOf(caller, 'administrator'), state) : state;
}
