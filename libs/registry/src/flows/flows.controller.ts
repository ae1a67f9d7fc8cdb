import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, reaches, Requires, roleIn } from '@sluice/access';
import { AllowsDryRun, OptionalBody, platformError, YAML_BODY } from '@sluice/platform';
import { actorOf, etagOf, IF_MATCH } from '../changes/change-log.ts';
import { answerDeleted, answerWith } from '../changes/changed.ts';
import { History, HistoryPage } from '../changes/history.ts';
import { type Page, PageQuery } from '../requests/page.requests.ts';
import type { Reply } from '../requests/reply.ts';
import { validated } from '../requests/validated.ts';
import { bodyOf } from '../transfer/yaml-text.ts';
import { ChangeFlow, CompareQuery, CreateFlow, FlowsQuery, PublishFlow, RollBackFlow } from './flow.requests.ts';
import { flowDifference } from './flow-diff.rules.ts';
import {
  FlowComparison,
  FlowPage,
  type FlowSummary,
  FlowVersionPage,
  FlowVersionView,
  FlowView,
} from './flow.responses.ts';
import { type FlowResult, Flows } from './flows.ts';
import { isPausing } from './pausing.rules.ts';
import { FlowQueries } from './flows.query.ts';

const MAX_YAML_BYTES = 1_048_576;

@ApiTags('flows')
@ApiBearerAuth()
@Controller('v1/flows')
export class FlowsController {
  constructor(
    private readonly flows: Flows,
    private readonly queries: FlowQueries,
    private readonly history: History,
  ) {}

  @Post()
  @AllowsDryRun()
  @RouteConfig(YAML_BODY)
  @HttpCode(201)
  @Requires('automation.manage')
  @ApiConsumes('application/json', 'application/yaml')
  @ApiBody({ type: CreateFlow })
  @ApiCreatedResponse({ type: FlowView })
  async create(
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<FlowView> {
    const created = await this.flows.create(await flowOf(body), app.id, actorOf(caller));
    reply.header('location', `/v1/flows/${created.value.state.id}`);
    return answerWith(reply, created, viewOf(created.value));
  }

  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: FlowPage })
  list(@Query() query: FlowsQuery, @InApp() app: AppScope): Promise<Page<FlowSummary>> {
    return this.queries.page(app.id, query);
  }

  @Get(':id')
  @Requires('automation.view')
  @ApiOkResponse({ type: FlowView })
  async get(
    @Param('id') id: string,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<FlowView> {
    const flow = await this.flows.get(id, app);
    reply.header('etag', etagOf(flow.streamVersion));
    return viewOf(flow);
  }

  @Patch(':id')
  @AllowsDryRun()
  @RouteConfig(YAML_BODY)
  @Requires('automation.manage', { role: 'operator' })
  @ApiHeader(IF_MATCH)
  @ApiConsumes('application/json', 'application/yaml')
  @ApiBody({ type: ChangeFlow })
  @ApiOkResponse({ type: FlowView })
  async change(
    @Param('id') id: string,
    @Body() sent: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<FlowView> {
    const body = await flowOf(sent);
    const { state } = await this.flows.get(id, app);
    if (!reaches(roleIn(caller, state.appId), 'editor') && !isPausing(state, body)) {
      throw platformError(
        'forbidden',
        'an operator may only pause a flow and let it go on: this needs the role editor',
      );
    }
    const changed = await this.flows.change(id, body, app, actorOf(caller), ifMatch);
    return answerWith(reply, changed, viewOf(changed.value));
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
    return answerDeleted(reply, await this.flows.delete(id, app, actorOf(caller), ifMatch));
  }

  @Post(':id/publish')
  @AllowsDryRun()
  @HttpCode(200)
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  @OptionalBody({ type: PublishFlow })
  @ApiOkResponse({ type: FlowView })
  async publish(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<FlowView> {
    const { version } = await validated(PublishFlow, body ?? {});
    const changed = await this.flows.publish(id, version, app, actorOf(caller), ifMatch);
    return answerWith(reply, changed, viewOf(changed.value));
  }

  @Post(':id/rollback')
  @AllowsDryRun()
  @HttpCode(200)
  @Requires('automation.manage')
  @ApiHeader(IF_MATCH)
  @ApiBody({ type: RollBackFlow })
  @ApiOkResponse({ type: FlowView })
  async rollBack(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<FlowView> {
    const { version } = await validated(RollBackFlow, body);
    const changed = await this.flows.publish(id, version, app, actorOf(caller), ifMatch);
    return answerWith(reply, changed, viewOf(changed.value));
  }

  @Get(':id/versions')
  @Requires('automation.view')
  @ApiOkResponse({ type: FlowVersionPage })
  async versions(@Param('id') id: string, @Query() query: PageQuery, @InApp() app: AppScope): Promise<FlowVersionPage> {
    const flow = await this.flows.get(id, app);
    return this.queries.versions(flow.state.id, query);
  }

  /** What changed between two saved versions, step by step. */
  @Get(':id/versions/compare')
  @Requires('automation.view')
  @ApiOkResponse({ type: FlowComparison })
  async compare(
    @Param('id') id: string,
    @Query() { from, to }: CompareQuery,
    @InApp() app: AppScope,
  ): Promise<FlowComparison> {
    const flow = await this.flows.get(id, app);
    const [before, after] = await Promise.all([from, to].map((each) => this.queries.version(flow.state.id, each)));
    if (!before || !after) throw platformError('not_found', `the flow has no version ${before ? to : from}`);
    return { from, to, ...flowDifference(before.definition, after.definition) };
  }

  @Get(':id/versions/:version')
  @Requires('automation.view')
  @ApiOkResponse({ type: FlowVersionView })
  async version(
    @Param('id') id: string,
    @Param('version') version: string,
    @InApp() app: AppScope,
  ): Promise<FlowVersionView> {
    const flow = await this.flows.get(id, app);
    const found = /^[1-9]\d{0,8}$/.test(version) ? await this.queries.version(flow.state.id, Number(version)) : null;
    if (!found) throw platformError('not_found', 'the flow has no such version');
    return found;
  }

  @Get(':id/history')
  @Requires('automation.view')
  @ApiOkResponse({ type: HistoryPage })
  historyOf(@Param('id') id: string, @Query() query: PageQuery, @InApp() app: AppScope): Promise<HistoryPage> {
    return this.history.page('Flow', id, app, query);
  }
}

export function viewOf(flow: FlowResult): FlowView {
  return { ...flow.state, ...flow.definition };
}

/** A flow as JSON or YAML, which takes more room but says no more: one as large as JSON may be is large enough. */
function flowOf(body: unknown): Promise<unknown> {
  if (Buffer.isBuffer(body) && body.length > MAX_YAML_BYTES) {
    throw platformError('body_too_large', `a flow may have ${MAX_YAML_BYTES / 1_048_576} MiB at most`);
  }
  return bodyOf(body);
}
