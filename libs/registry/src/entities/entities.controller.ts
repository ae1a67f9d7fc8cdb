import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiExtraModels,
  ApiOkResponse,
  ApiPropertyOptional,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { type AppScope, appsOf, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { InjectSettings, platformError, type Settings } from '@sluice/platform';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { AppView } from '../apps/app.requests.ts';
import { Apps } from '../apps/apps.ts';
import { FlowView } from '../flows/flow.responses.ts';
import { viewOf } from '../flows/flows.controller.ts';
import { FlowQueries } from '../flows/flows.query.ts';
import { TokenView } from '../tokens/token.requests.ts';
import { tokenViewOf } from '../tokens/tokens.controller.ts';
import { TokenQueries } from '../tokens/tokens.query.ts';
import { TriggerView } from '../triggers/trigger.requests.ts';
import { triggerViewOf } from '../triggers/triggers.controller.ts';
import { TriggerQueries } from '../triggers/triggers.query.ts';
import { UserView } from '../users/user.requests.ts';
import { isVisible } from '../users/users.ts';
import { visibleUser } from '../users/visible-user.rules.ts';
import { UserQueries } from '../users/users.query.ts';

class FlowEntityQuery {
  /** ET-11: the number of one of its runs; the answer leads to that run. */
  @ApiPropertyOptional({ example: '12' })
  @IsOptional()
  @IsString()
  @MaxLength(20)
  auditId?: string;
}

/** The one answer of Fastify's that is needed here. */
interface Reply {
  redirect(url: string, status: number): void;
  send(body: unknown): void;
}

const RUN_OF_REDIRECT = {
  type: 'object',
  required: ['steps', 'queueMs'],
  description: 'with `auditId`, to a client that follows redirects: the run, as `GET /v1/runs/{id}` answers it',
};

interface Found {
  deleted: boolean;
  state: { appId: string | null };
}

/**
 * What `entityUrl` in a delivered event points to (ET-05, ET-11): the entity by its number, 410 once it was deleted.
 * Endpoints (`/rest/v1/webhooks/…`) are answered by their own controller.
 */
@ApiTags('entities')
@ApiBearerAuth()
@Controller('rest/v1')
export class EntitiesController {
  constructor(
    private readonly flows: FlowQueries,
    private readonly triggers: TriggerQueries,
    private readonly tokens: TokenQueries,
    private readonly users: UserQueries,
    private readonly apps: Apps,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  /** With `auditId`, as in the `entityUrl` of `Flow.Executed` and `Flow.Failed`, it leads to that run, which the runner has. */
  @Get('flows/:number')
  @Requires('automation.view')
  @ApiExtraModels(FlowView)
  @ApiOkResponse({ schema: { oneOf: [{ $ref: getSchemaPath(FlowView) }, RUN_OF_REDIRECT] } })
  @ApiResponse({ status: 303, description: '`Location` is the run that `auditId` names' })
  async flow(
    @Param('number') number: string,
    @Query() { auditId }: FlowEntityQuery,
    @InApp() app: AppScope,
    @Res() reply: Reply,
  ): Promise<void> {
    const found = viewOf(existing(await this.flows.byNumber(numberOf(number)), app));
    if (auditId === undefined) return reply.send(found);
    if (!/^[1-9]\d{0,17}$/.test(auditId)) throw platformError('not_found', 'there is no such run');
    reply.redirect(`/v1/runs/${auditId}`, 303);
  }

  @Get('triggers/:number')
  @Requires('automation.view')
  @ApiOkResponse({ type: TriggerView })
  async trigger(@Param('number') number: string, @InApp() app: AppScope): Promise<TriggerView> {
    const { state } = existing(await this.triggers.byNumber(numberOf(number)), app);
    return triggerViewOf(state, this.settings.publicUrl);
  }

  @Get('tokens/:number')
  @Requires('admin')
  @ApiOkResponse({ type: TokenView })
  async token(@Param('number') number: string, @InApp() app: AppScope): Promise<TokenView> {
    const row = await this.tokens.byNumber(numberOf(number));
    return tokenViewOf(existing(row && { ...row, deleted: row.revoked }, app).state, null);
  }

  @Get('users/:number')
  @Requires('admin')
  @ApiOkResponse({ type: UserView })
  async user(@Param('number') number: string, @Caller() caller: Principal): Promise<UserView> {
    const row = await this.users.byNumber(numberOf(number));
    if (!row || !isVisible(row.state, caller)) throw platformError('not_found', 'there is no such entity');
    if (row.deleted) throw platformError('gone', 'it was deleted');
    return visibleUser(appsOf(caller, 'administrator'), row.state);
  }

  @Get('apps/:number')
  @Requires('automation.view')
  @ApiOkResponse({ type: AppView })
  async app(@Param('number') number: string, @InApp() app: AppScope): Promise<AppView> {
    const found = await this.apps.byNumber(numberOf(number));
    if (!found || !app.sees(found.id)) throw platformError('not_found', 'there is no such entity');
    return found;
  }
}

function numberOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw platformError('not_found', 'there is no such entity');
  return Number(text);
}

function existing<T extends Found>(found: T | null, app: AppScope): T {
  if (!found || !app.sees(found.state.appId)) throw platformError('not_found', 'there is no such entity');
  if (found.deleted) throw platformError('gone', 'it was deleted');
  return found;
}
