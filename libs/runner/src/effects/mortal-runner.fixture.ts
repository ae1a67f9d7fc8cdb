import type { EventBatch } from '@sluice/bus';
import {
  type CommitUnit,
  EventStore,
  type EventStorePort,
  type StoredEvent,
  TransientError,
} from '@sluice/event-store';
import { ReplicaBoard } from '@sluice/local-copy';
import { connectionOf, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { AskedCancels } from '../api/asked-cancels.ts';
import { RunCanceller } from '../api/run-canceller.ts';
import { LinkSigner } from '../waiting/link-signer.ts';
import { StepAnswers } from '../waiting/step-answers.ts';
import { WaitingStarts } from '../api/waiting-starts.ts';
import { RunsQueries } from '../api/runs.query.ts';
import { ChildRuns } from '../children/child-runs.ts';
import { ChildWorker } from '../children/child.worker.ts';
import { FlowCatalog } from '../flows/flow-catalog.ts';
import { testPool } from '../runner.fixture.ts';
import { OrderingQueue } from '../ordering/ordering-queue.ts';
import { Standstills } from '../ordering/standstills.ts';
import { OrderingWorker } from '../ordering/ordering.worker.ts';
import { RunnerConfig } from '../runner.config.ts';
import { RunInputs } from '../runs/run-input.ts';
import { RunReader } from '../runs/run-reader.ts';
import type { Effect } from '../runs/decision.ts';
import type { EffectResult } from '../steps/step-type.ts';
import { TurnStarts } from '../starting/turn-starts.ts';
import { AppLimits } from '../ordering/app-limits.ts';
import { AppTurns } from '../ordering/app-turns.ts';
import { RunStarter } from '../starting/run-starter.ts';
import { InlineEndpoints } from '../steps/call-webhook/inline-endpoints.ts';
import { CallTokens } from '../steps/listener/call-tokens.ts';
import { TriggersConsumer } from '../starting/triggers.consumer.ts';
import { EffectPerformer, type RunAtWork } from './effect-performer.ts';
import { EffectWorker } from './effect.worker.ts';
import { RunSecrets } from './run-secrets.ts';
import { StepEffects } from './step-effects.ts';

/** Where the process dies: before or after its nth commit or nth outside call, counted from 1 over both. */
export interface Death {
  point: number;
}

const never = new Promise<never>(() => {});

/** Counts the points that a run passes, and stops the process at one of them: nothing it does later has an effect. */
class Fate {
  passed = 0;
  readonly died: Promise<void>;
  private die: () => void = () => {};
  dead = false;
  private readonly point: number;

  constructor(point: number) {
    this.point = point;
    this.died = new Promise((resolve) => {
      this.die = resolve;
    });
  }

  async pass(): Promise<void> {
    if (!this.dead && ++this.passed === this.point) {
      this.dead = true;
      this.die();
    }
    if (this.dead) await never;
  }
}

/** What is not committed when the process dies is lost, what is committed stays. */
class MortalStore implements EventStorePort {
  readonly topics: EventStorePort['topics'];
  /** What becomes of the next commits: an outage, or a commit whose outcome its caller does not learn. */
  readonly troubles: ('refused' | 'answer lost' | 'none')[] = [];
  private readonly store: EventStore;
  private readonly fate: Fate;

  constructor(store: EventStore, fate: Fate) {
    this.store = store;
    this.fate = fate;
    this.topics = store.topics;
  }

  async commit(unit: CommitUnit) {
    await this.fate.pass();
    const trouble = this.troubles.shift();
    if (trouble === 'refused') throw new TransientError('the database is away');
    const committed = await this.store.commit(unit);
    await this.fate.pass();
    if (trouble === 'answer lost') throw new TransientError('the connection broke during the commit');
    return committed;
  }

  append: EventStorePort['append'] = (streamId, expectedVersion, events, options = {}) =>
    this.commit({
      appends: [{ streamId, expectedVersion, events, ...(options.topic ? { topic: options.topic } : {}) }],
    });
  read: EventStorePort['read'] = (streamId, options) => this.store.read(streamId, options);
  readAfter: EventStorePort['readAfter'] = (topic, after, limit) => this.store.readAfter(topic, after, limit);
  head: EventStorePort['head'] = (topic) => this.store.head(topic);
  onCommitted: EventStorePort['onCommitted'] = (listener) => this.store.onCommitted(listener);
}

class MortalPerformer extends EffectPerformer {
  fate!: Fate;

  override async perform(work: RunAtWork, effect: Effect, signal: AbortSignal): Promise<EffectResult> {
    await this.fate.pass();
    const result = await super.perform(work, effect, signal);
    await this.fate.pass();
    return result;
  }
}

/** A runner's working parts without HTTP and bus, in a "process" that can die anywhere. */
export class MortalRunner {
  readonly fate: Fate;
  readonly troubles: MortalStore['troubles'];
  private readonly store: EventStore;
  private readonly pool: Pool;
  private readonly worker: EffectWorker;
  private readonly catalog: FlowCatalog;
  private readonly effects: StepEffects;
  private readonly consumer: TriggersConsumer;
  private readonly ordering: OrderingWorker;

  constructor(settings: Settings & { databaseUrl: string }, point = Number.POSITIVE_INFINITY) {
    this.fate = new Fate(point);
    const { databaseUrl, instanceId } = settings;
    this.store = new EventStore({
      service: 'runner',
      topics: ['runner.events', 'runner.answers'],
      connection: connectionOf(databaseUrl, 'runner', 'test'),
      partitioned: true,
    });
    this.pool = testPool(databaseUrl);
    const mortal = new MortalStore(this.store, this.fate);
    this.troubles = mortal.troubles;
    const board = new ReplicaBoard({ pool: this.pool, instance: instanceId });
    this.catalog = new FlowCatalog(this.pool, board, new LinkSigner(settings));
    const inputs = new RunInputs(this.pool);
    const reader = new RunReader(mortal, inputs, this.pool);
    const children = new ChildRuns(this.pool, this.catalog, reader);
    this.effects = new StepEffects(
      settings,
      this.pool,
      new CallTokens(mortal, this.pool),
      new InlineEndpoints(this.pool, settings),
      children,
    );
    const performer = new MortalPerformer(this.effects, new RunSecrets(this.pool, settings));
    performer.fate = this.fate;
    const ordering = new OrderingQueue(this.pool);
    const config = Object.assign(new RunnerConfig(), { leaseMs: 400, finishMs: 300 });
    this.worker = new EffectWorker(mortal, this.pool, settings, reader, this.catalog, performer, ordering, config);
    const limits = new AppLimits(settings);
    const starter = new RunStarter(mortal, this.pool, this.catalog, this.worker, ordering, limits);
    const turns = new TurnStarts(ordering, starter, inputs, limits);
    const standstills = new Standstills(this.pool, reader, turns);
    this.ordering = new OrderingWorker(ordering, turns, new AppTurns(ordering, turns), limits, standstills);
    const waiting = new WaitingStarts(this.pool);
    const queries = new RunsQueries(this.pool, reader, inputs, waiting);
    const canceller = new RunCanceller(mortal, this.catalog, ordering, this.worker, waiting, starter);
    const answers = new StepAnswers(mortal, reader, this.worker);
    new ChildWorker(mortal, this.worker, reader, answers, canceller, children, starter, queries).onModuleInit();
    this.consumer = new TriggersConsumer(starter, inputs, new AskedCancels(queries, canceller), answers);
  }

  async start(): Promise<void> {
    await this.store.start();
    await this.catalog.onModuleInit();
    this.worker.onApplicationBootstrap();
    this.ordering.onApplicationBootstrap();
  }

  /** Hands the events on as the bus does; the checkpoint is left out. */
  deliver(events: readonly StoredEvent[]): Promise<void> {
    const batch: EventBatch = {
      topic: 'gateway.events',
      group: 'runner',
      partition: 0,
      events,
      checkpoint: {
        alongside: () => ({ statement: NOTHING, rows: [] }),
        saveWith: () => Promise.reject(new Error('the runner commits its checkpoint alongside')),
      },
      heartbeat: () => Promise.resolve(),
      signal: new AbortController().signal,
    };
    return this.consumer.onTriggers(batch);
  }

  /** Closes the connections; a dead process cannot do more, a living one hands its runs over first. */
  async stop(): Promise<void> {
    await Promise.all([this.ordering.beforeApplicationShutdown(), this.worker.beforeApplicationShutdown()]);
    await this.catalog.onApplicationShutdown();
    await this.effects.onApplicationShutdown();
    await this.store.close();
    await this.pool.end();
  }

  /** As kill -9: no lease is given back, no run is handed over. */
  async kill(): Promise<void> {
    this.fate.dead = true;
    this.ordering.stop();
    await this.worker.stopClaiming(0);
    this.worker.queue.close();
    await this.catalog.onApplicationShutdown();
    await this.store.close();
    await this.pool.end();
  }
}

const NOTHING = {
  name: 'runner_test_nothing',
  columns: ['int4'],
  sql: ([numbers]: readonly string[]) =>
    `delete from runner.registry_position where partition = any(${numbers}) and false`,
};
