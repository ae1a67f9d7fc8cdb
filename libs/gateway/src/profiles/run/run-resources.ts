import { Injectable } from '@nestjs/common';
import { isUuid, type RunCancelAsked, type TriggerAccepted } from '@sluice/contracts';
import { type EventStorePort, readStreamFacts, type StreamFacts, VersionConflictError } from '@sluice/event-store';
import { PayloadError, Payloads } from '@sluice/payloads';
import { failpoint, InjectPool, InjectStore } from '@sluice/platform';
import { BodyProblem, readBody, WIDEST_BODY_LIMITS } from '@sluice/request-body';
import type { Pool } from 'pg';
import { gatewayError } from '../../gateway.errors.ts';
import type { TriggerRoute } from '../../routing/route.ts';
import { type RunFact, runOf, type VendorRun } from './run-resource.rules.ts';

/** The runner's tables are not there yet: its service has not started for the first time. */
const UNDEFINED_TABLE = '42P01';
const NOTHING = Buffer.alloc(0);

const REQUEST = {
  name: 'gateway:request-of-run',
  text: `select case when type in ('TriggerAccepted', 'RunCancelAsked') then data end as data, type, occurred_at,
      b.bytes as body from gateway.events e
    left join gateway.events_bodies b using (stream_id, version) where stream_id = $1 order by version`,
};
/** Of a run's own events only those that say how it stands, and the last. */
const RUN: StreamFacts = {
  name: 'gateway:run',
  topic: 'runner.events',
  types: ['RunStarted', 'RunCancelRequested', 'RunFinished'],
};

interface FactRow {
  type: string;
  data: string | null;
  body?: Buffer | null;
  occurred_at: Date;
}

/**
 * The runs that a trigger of profile `run` started, for whoever holds its token. What happened to them is read from the
 * runner's events (docs/architecture.md, "Who may read whose tables"); a wish to cancel is an event of our own, which the
 * runner consumes.
 */
@Injectable()
export class RunResources {
  constructor(
    @InjectPool('gateway') private readonly pool: Pool,
    @InjectStore('gateway') private readonly store: EventStorePort,
    private readonly payloads: Payloads,
  ) {}

  /**
   * @throws AppError `unknown_run` also for a run that another trigger started; a transient error when the store is away.
   */
  async get(trigger: TriggerRoute, runId: string): Promise<VendorRun> {
    const id = runId.toLowerCase();
    const rows = isUuid(id) ? await this.#rowsOf(id) : [];
    const first = rows.find((row) => row.type === 'TriggerAccepted');
    const request = first && (JSON.parse(first.data as string) as TriggerAccepted);
    if (request?.triggerId !== trigger.triggerId) {
      throw gatewayError('unknown_run', 'This trigger has started no such run.');
    }
    return runOf(id, request, await this.#inputOf(request, first?.body ?? null), rows.map(factOf));
  }

  /**
   * Records the wish to end the run at its next step boundary; asking again changes nothing.
   * @throws AppError `unknown_run` | `run_finished`
   */
  async cancel(trigger: TriggerRoute, runId: string): Promise<VendorRun> {
    const run = await this.get(trigger, runId);
    if (run.finished_at !== null) throw gatewayError('run_finished', `The run ended as ${run.status}.`);
    if (run.user_requested_cancel_at !== null) return run;
    const data: RunCancelAsked = { triggerId: trigger.triggerId, at: new Date().toISOString() };
    const meta = {
      correlationId: run.run_id,
      causationId: run.run_id,
      actor: { type: 'trigger', id: trigger.triggerId },
    };
    failpoint('gateway.before-cancel-append');
    try {
      await this.store.append(run.run_id, 1, [{ type: 'RunCancelAsked', appId: trigger.appId, data, meta }]);
    } catch (error) {
      // Somebody asked at the same moment: what they stored is shown.
      if (!(error instanceof VersionConflictError)) throw error;
    }
    return this.get(trigger, run.run_id);
  }

  async #rowsOf(runId: string): Promise<FactRow[]> {
    const [request, run] = await Promise.all([
      this.pool.query<FactRow>({ ...REQUEST, values: [runId] }),
      this.#factsOf(runId),
    ]);
    return [...request.rows, ...run];
  }

  async #factsOf(runId: string): Promise<FactRow[]> {
    try {
      const events = await readStreamFacts(this.pool, RUN, runId);
      return events.map(({ type, dataJson, occurredAt }) => ({ type, data: dataJson, occurred_at: occurredAt }));
    } catch (error) {
      if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return [];
      throw error;
    }
  }

  /** The body as it was read when it was accepted; null once it is no longer stored. */
  async #inputOf({ bodyKind, bodyPayloadId, contentType }: TriggerAccepted, stored: Buffer | null): Promise<unknown> {
    try {
      const body = bodyPayloadId === null ? stored : await this.payloads.get(bodyPayloadId);
      if (body === null && bodyKind !== 'empty') return null;
      return readBody(bodyKind, body ?? NOTHING, { profile: 'run', contentType }, WIDEST_BODY_LIMITS);
    } catch (error) {
      const isGone = error instanceof PayloadError && error.code === 'unknown';
      if (isGone || error instanceof BodyProblem) return null;
      throw error;
    }
  }
}

function factOf({ type, data, occurred_at: at }: FactRow): RunFact {
  return { type, data: data === null ? null : (JSON.parse(data) as unknown), occurredAt: at.toISOString() };
}
