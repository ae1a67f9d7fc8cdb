import { Body, Controller, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { actorOf, type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import { AllowsDryRun, InjectSettings, isDryRun, OptionalBody, type Settings } from '@sluice/platform';
import { withInput } from '../api/run-request.ts';
import { RunResource, runResource } from '../api/run-resource.ts';
import { RunsQueries } from '../api/runs.query.ts';
import { RetryRunQuery, RetryRunRequest } from '../api/runs.requests.ts';
import { runnerError } from '../runner.errors.ts';
import { RunRetrier } from './run-retrier.ts';

interface Reply {
  header(name: string, value: string): unknown;
}

/** Doing again what has been done, or what failed (FL-06). */
@ApiTags('runs')
@ApiBearerAuth()
@Controller('v1/runs')
export class RetriesController {
  constructor(
    private readonly runs: RunsQueries,
    private readonly retrier: RunRetrier,
    @InjectSettings() private readonly settings: Pick<Settings, 'publicUrl'>,
  ) {}

  /**
   * Starts a new run that links to this one, which has to be over. Steps that were done before are taken over with their
   * outputs: no call is made and no event is emitted a second time. A run of an ordering key waits for its turn. A dry run answers
   * with the version and the steps that it would take over; its id is no run's.
   */
  @Post(':id/retry')
  @AllowsDryRun()
  @HttpCode(202)
  @Requires('automation.view', { role: 'operator' })
  @OptionalBody({ type: RetryRunRequest })
  @ApiAcceptedResponse({ type: RunResource })
  async retry(
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() _query: RetryRunQuery,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<RunResource> {
    const { from, version = 'original', input } = await withInput(body ?? {}, RetryRunRequest);
    const found = isUuid(id) ? await this.runs.find(id.toLowerCase()) : null;
    if (!found || !app.sees(found.origin.appId))
      throw runnerError('run_not_found', `there is no run ${id.slice(0, 100)}`);
    const wish = { from, version, ...(input === undefined ? {} : { input: { value: input } }) };
    const begun = await this.retrier.retry(found, wish, actorOf(caller));
    if (!isDryRun()) reply.header('location', `${this.settings.publicUrl}/v1/runs/${begun.run.id}`);
    return runResource(begun.run, begun.origin, begun.queued);
  }
}
