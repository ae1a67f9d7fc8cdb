import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Claim, type DueItem, DueQueue, type DueWorker } from '@sluice/due-queue';
import type { Alongside, EventStorePort } from '@sluice/event-store';
import { Payloads } from '@sluice/payloads';
import { InjectPool, InjectSettings, InjectStore, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import { FlowCatalog } from '../flows/flow-catalog.ts';
import { OrderingQueue } from '../ordering/ordering-queue.ts';
import type { RunOrigin } from '../runs/run-appends.ts';
import { RunnerConfig } from '../runner.config.ts';
import { RunReader } from '../runs/run-reader.ts';
import { statusOf } from '../runs/run-rows.ts';
import type { RunState } from '../runs/run-state.ts';
import type { Next } from '../runs/decision.ts';
import { EffectPerformer } from './effect-performer.ts';
import { RunDriver } from './run-driver.ts';

/** A run that does not end in its first append. */
export interface DueRun {
  origin: RunOrigin;
  flow: CompiledFlow;
  run: RunState;
  next: Extract<Next, { kind: 'effects' | 'wait' }>;
}

/** What a due row may be besides a run. */
export type TickKind = 'schedule' | 'batch' | 'child_ended' | 'child_cancelled';

/** What has to be written with the runs' first events, and what to do once they are durable. */
export interface PlannedRuns {
  alongside: Alongside[];
  begin(): void;
}

const log = new Logger('runner');
/** To give the runs back whose calls were ended by the shutdown. */
const HAND_OVER_MS = 2_000;

/** Runs whose next step needs the outside world or a later time. */
@Injectable()
export class EffectWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly queue: DueQueue;
  private readonly driver: RunDriver;
  private readonly direct = new Set<Promise<void>>();
  private readonly claimed = new Set<Promise<void>>();
  private worker: DueWorker | null = null;
  private readonly ticks = new Map<string, (claim: Claim) => Promise<void>>();

  constructor(
    @InjectStore('runner') store: EventStorePort,
    @InjectPool('runner') pool: Pool,
    @InjectSettings() settings: Pick<Settings, 'instanceId'>,
    reader: RunReader,
    catalog: FlowCatalog,
    performer: EffectPerformer,
    ordering: OrderingQueue,
    private readonly config: RunnerConfig,
  ) {
    this.queue = new DueQueue({
      pool,
      schema: 'runner',
      owner: settings.instanceId,
      leaseMs: config.leaseMs,
      onError: (error, doing) => log.warn(`could not ${doing}: ${(error as Error).message}`),
    });
    const payloads = new Payloads(pool);
    this.driver = new RunDriver({ store, queue: this.queue, reader, catalog, performer, ordering, payloads });
  }

  /** Whoever handles the due rows of a kind that are no runs; before claiming begins. */
  onTick(kind: TickKind, handler: (claim: Claim) => Promise<void>): void {
    this.ticks.set(kind, handler);
  }

  onApplicationBootstrap(): void {
    this.worker = this.queue.start((claim) => this.resume(claim), {
      concurrency: this.config.maxClaimed,
      perKey: this.config.maxPerFlow,
    });
  }

  /** Rows for runs that have just been decided; effects begin from memory as far as there is room. */
  plan(runs: readonly DueRun[]): PlannedRuns {
    if (runs.length === 0) return { alongside: [], begin: () => {} };
    const sinceMs = performance.now();
    const ofFlow = new Map<string, number>();
    let room = this.driver.stopping ? 0 : this.config.maxDirect - this.direct.size;
    const planned = runs.map((due) => {
      const { next, flow, run } = due;
      const held = ofFlow.get(flow.id) ?? this.queue.leases.ofKey(flow.id);
      const leased = next.kind === 'effects' && room > 0 && held < this.config.maxPerFlow;
      if (leased) {
        room--;
        ofFlow.set(flow.id, held + 1);
      }
      const dueAt = new Date(next.kind === 'wait' ? next.untilMs : this.queue.nowMs());
      return { due, item: { id: run.id, key: flow.id, dueAt, leased, payload: null } satisfies DueItem };
    });
    const direct = planned.filter(({ item }) => item.leased);
    return {
      alongside: [this.queue.schedule(planned.map(({ item }) => item))],
      begin: () => {
        const claims = this.queue.adopt(
          direct.map(({ item }) => item),
          sinceMs,
        );
        for (const [index, { due }] of direct.entries()) this.begin(claims[index] as Claim, due);
      },
    };
  }

  /** Takes up nothing that comes due from now on. */
  async stopClaiming(withinMs: number): Promise<void> {
    await this.worker?.stop(withinMs);
  }

  /** Finishes what can be finished soon and gives the rest to whoever is there, or to the next start. */
  async beforeApplicationShutdown(): Promise<void> {
    this.driver.stopping = true;
    const finished = Promise.all([this.stopClaiming(this.config.finishMs), ...this.direct]);
    await Promise.race([finished, pause(this.config.finishMs, undefined, { ref: false })]);
    this.driver.abortEffects();
    const handedOver = Promise.allSettled([...this.direct, ...this.claimed]);
    await Promise.race([handedOver, pause(HAND_OVER_MS, undefined, { ref: false })]);
    this.queue.close();
  }

  private async resume(claim: Claim): Promise<void> {
    const tick = this.ticks.get(tickOf(claim) ?? 'run');
    const work = tick ? tick(claim) : this.driver.resume(claim);
    this.claimed.add(work);
    try {
      await work;
    } finally {
      this.claimed.delete(work);
    }
  }

  private begin(claim: Claim, { origin, flow, run, next }: DueRun): void {
    const held = { flow, run, origin, shownStatus: statusOf(run) };
    const { effects, untilMs } = next as Extract<Next, { kind: 'effects' }>;
    const work = this.driver
      .carryOn(claim, held, effects, untilMs)
      .catch((error: unknown) => log.error(`run ${run.id} stopped and will be tried again: ${String(error)}`))
      .finally(() => {
        this.direct.delete(work);
        this.queue.settle(claim);
      });
    this.direct.add(work);
  }
}

/** Schedules had no name when they were alone. */
function tickOf(claim: Claim): string | null {
  const { tick } = Object(claim.payload) as { tick?: string | true };
  return tick === true ? 'schedule' : (tick ?? null);
}
