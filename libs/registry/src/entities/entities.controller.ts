import { Controller, Get, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AppScope, appsOf, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { InjectSettings, platformError, type Settings } from '@sluice/platform';
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

  @Get('flows/:number')
  @Requires('automation.view')
  @ApiOkResponse({ type: FlowView })
  async flow(@Param('number') number: string, @InApp() app: AppScope): Promise<FlowView> {
    return viewOf(existing(await this.flows.byNumber(numberOf(number)), app));
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
