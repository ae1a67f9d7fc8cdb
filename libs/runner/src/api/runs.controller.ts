import type { ServerResponse } from 'node:http';
import { Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import {
  AskAgain,
  actorOf,
  type AppScope,
  Caller,
  InApp,
  type Principal,
  Requires,
  type Readmit,
} from '@sluice/access';
import { AppQuery, MAX_WAIT_MS, platformError, waitMs } from '@sluice/platform';
import { runnerError } from '../runner.errors.ts';
import { RunCanceller } from './run-canceller.ts';
import { RunListQuery } from './run-list.query.ts';
import { RunPage, RunResource, runResource } from './run-resource.ts';
import { RunStreams } from './run-streams.ts';
import { RunWatch } from './run-watch.ts';
import { type FoundRun, RunsQueries, triggerIdOf } from './runs.query.ts';
import { RunQuery, RunsQuery } from './runs.requests.ts';

/** What is needed of Fastify's reply: to learn that the caller has gone, and to write what is not one answer. */
interface Reply {
  hijack(): unknown;
  request: { method: string };
  raw: ServerResponse;
}

@ApiTags('runs')
@ApiBearerAuth()
@Controller('v1/runs')
export class RunsController {
  constructor(
    private readonly runs: RunsQueries,
    private readonly lists: RunListQuery,
    private readonly watch: RunWatch,
    private readonly canceller: RunCanceller,
    private readonly streams: RunStreams,
  ) {}

  /** Runs of an app, newest first, those that wait for their turn in an order (`queued`) among them; a run's steps, input and result are in the run itself. */
  @Get()
  @Requires('automation.view')
  @ApiOkResponse({ type: RunPage })
  list(@InApp() app: AppScope, @Query() query: RunsQuery): Promise<RunPage> {
    return this.lists.list(app.id, query);
  }

  /** One run, for the credential of the trigger that started it too (GW-06). `wait` holds the answer until its end. */
  @Get(':id')
  @Requires('automation.view', { orTrigger: true })
  @ApiOkResponse({ type: RunResource })
  async get(
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() query: RunQuery,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<RunResource> {
    const ms = query.wait === undefined ? 0 : waitMs(query.wait);
    if (ms === null) {
      const message = `must be a duration of at most ${MAX_WAIT_MS / 1000}s, such as 30s`;
      throw platformError('invalid_request', `wait ${message}`, { errors: [{ pointer: '/wait', message }] });
    }
    const runId = ms > 0 ? await this.runs.idOf(id) : null;
    const waiter = runId === null ? null : this.watch.open(runId, ms);
    try {
      const found = await this.findToShow(id, app, caller);
      if (!waiter || found.run.finished) return await this.shown(found);
      reply.raw.once('close', () => waiter.stop());
      await waiter.ended;
      return await this.shown(await this.findToShow(id, app, caller));
    } finally {
      waiter?.stop();
    }
  }

  /**
   * What happens to a run, as server-sent events: `status`, `step` for each step that moved, and `end` with the result,
   * after which the stream is closed. It begins with what has happened already, or after `Last-Event-ID`. A stream is
   * closed after 15 minutes at the latest; clients connect again by themselves.
   */
  @Get(':id/stream')
  @Requires('automation.view', { orTrigger: true })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'the id of the last event that was received' })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'events as they happen' })
  @ApiNoContentResponse({ description: 'the run has ended, and Last-Event-ID is its last event' })
  async stream(
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @AskAgain() readmit: Readmit,
    @Param('id') id: string,
    @Query() _query: AppQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: Reply,
  ): Promise<void> {
    const after = lastSeenVersion(lastEventId);
    const found = await this.findToShow(id, app, caller);
    const isOver = found.run.finished && after >= found.run.version;
    if (isOver || reply.request.method === 'HEAD') {
      reply.hijack();
      reply.raw.writeHead(isOver ? 204 : 200).end();
      return;
    }
    const begin = (): ServerResponse => {
      reply.hijack();
      return reply.raw;
    };
    const stillMay = async ({ origin }: FoundRun): Promise<boolean> => (await readmit())?.sees(origin.appId) ?? false;
    await this.streams.follow(() => this.findToShow(id, app, caller), stillMay, found.run.id, after, begin);
  }

  /** Ends a run at its next boundary between steps; one that waits, or has not begun, at once. */
  @Post(':id/cancel')
  @HttpCode(202)
  @Requires('automation.view', { role: 'operator', orTrigger: true })
  @ApiAcceptedResponse({ type: RunResource })
  async cancel(
    @InApp() app: AppScope,
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() _query: AppQuery,
  ): Promise<RunResource> {
    return show(await this.canceller.cancel(() => this.find(id, app, caller), actorOf(caller)));
  }

  /** With the retries, which only a run that is over has. */
  private async shown(found: FoundRun): Promise<RunResource> {
    const retriedAs = found.run.finished ? await this.runs.retriesOf(found.run.id) : [];
    return { ...show(found), retriedAs };
  }

  private find(id: string, app: AppScope, caller: Principal): Promise<FoundRun> {
    return this.theirs(id, app, caller, (runId) => this.runs.find(runId));
  }

  private findToShow(id: string, app: AppScope, caller: Principal): Promise<FoundRun> {
    return this.theirs(id, app, caller, (runId) => this.runs.findToShow(runId));
  }

  /** @throws AppError `run_not_found` also for a run that is none of the caller's business. */
  private async theirs(
    id: string,
    app: AppScope,
    caller: Principal,
    find: (runId: string) => Promise<FoundRun | null>,
  ): Promise<FoundRun> {
    const runId = await this.runs.idOf(id);
    const found = runId === null ? null : await find(runId);
    const isTheirs =
      found !== null &&
      app.sees(found.origin.appId) &&
      (caller.kind !== 'trigger' || triggerIdOf(found) === caller.triggerId);
    if (!isTheirs) throw runnerError('run_not_found', `there is no run ${id.slice(0, 100)}`);
    return found;
  }
}

/** @throws AppError `invalid_request` for what this never gave as an id. */
function lastSeenVersion(header: string | undefined): number {
  if (header === undefined || header === '') return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const errors = [{ pointer: '/Last-Event-ID', message: 'must be the id of an event of this stream' }];
  throw platformError('invalid_request', 'Last-Event-ID is not an id of this stream', { errors });
}

function show({ run, origin, queued }: FoundRun): RunResource {
  return runResource(run, origin, queued);
}
