import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { actorOf, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { isUuid, newId } from '@sluice/contracts';
import { InjectSettings, OptionalBody, platformError, type Settings } from '@sluice/platform';
import { FlowCatalog } from '../flows/flow-catalog.ts';
import { runnerError } from '../runner.errors.ts';
import { RunInputs } from '../runs/run-input.ts';
import type { PendingStart } from '../starting/pending-start.ts';
import { RunStarter } from '../starting/run-starter.ts';
import { testPlanOf } from '../starting/test-run.rules.ts';
import { runRequestOf } from './run-request.ts';
import { RunResource, runResource } from './run-resource.ts';
import { queuedRunOf } from './waiting-starts.ts';
import { RunFlowRequest } from './runs.requests.ts';

interface Reply {
  header(name: string, value: string): unknown;
}

/** Runs that a person starts: no trigger, no waiting caller. */
@ApiTags('runs')
@ApiBearerAuth()
@Controller('v1/flows')
export class FlowRunsController {
  constructor(
    private readonly starter: RunStarter,
    private readonly catalog: FlowCatalog,
    private readonly inputs: RunInputs,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  /** Starts the flow with an input. The run exists, and all that is pure of it is done, when this answers, unless a limit of the flow has it wait. */
  @Post(':id/run')
  @HttpCode(202)
  @Requires('automation.webhook_run')
  @OptionalBody({ type: RunFlowRequest })
  @ApiAcceptedResponse({ type: RunResource })
  async run(
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<RunResource> {
    const request = await runRequestOf(body);
    const flow = isUuid(id) ? await this.catalog.find(id.toLowerCase()) : null;
    if (!flow || !app.sees(flow.appId)) throw runnerError('flow_not_found', `there is no flow ${id.slice(0, 100)}`);
    if (flow.status === 'paused') throw runnerError('flow_paused', 'unpause the flow to run it');
    const test = await this.testOf(flow.id, request);
    const value = request.input;
    const stored = await this.inputs.storeIfLarge(value);
    const runId = newId();
    const meta = { correlationId: runId, causationId: null, actor: actorOf(caller) };
    const pending: PendingStart = {
      runId,
      appId: flow.appId,
      flowId: flow.id,
      mode: request.mode ?? 'live',
      input: { value },
      inputPayload: stored.payload,
      trigger: null,
      triggerId: null,
      requestId: null,
      orderingKey: null,
      queuedAt: new Date().toISOString(),
      inputBytes: stored.bytes,
      ...test,
      meta,
    };
    const [started] = await this.starter.start([pending], stored.alongside);
    // A flow with a limit may have it wait.
    const shown = started ? { ...started, queued: null } : queuedRunOf(pending);
    reply.header('location', `${this.settings.publicUrl}/v1/runs/${runId}`);
    return runResource(shown.run, shown.origin, shown.queued);
  }

  /** What a test of a draft begins with, and where it ends. @throws AppError `invalid_request` for steps that it has not. */
  private async testOf(flowId: string, { step, outputs }: RunFlowRequest): Promise<Partial<PendingStart>> {
    if (step === undefined && outputs === undefined) return {};
    const draft = await this.catalog.forNewRun(flowId, 'draft');
    if (!draft) throw runnerError('flow_not_found', 'the flow was deleted');
    const plan = testPlanOf(draft, { step, outputs }, new Date().toISOString());
    if ('problems' in plan) throw platformError('invalid_request', 'the test is not valid', { errors: plan.problems });
    const { takenOver, until } = plan;
    return { flowVersion: draft.version, takenOver, ...(until === null ? {} : { until }) };
  }
}
