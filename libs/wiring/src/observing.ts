import { type ConsumerStatus, KafkaBus, type RelayStatus } from '@sluice/bus';
import type { ServiceName } from '@sluice/contracts';
import type { EventStore, EventStoreStats, WrittenBatchFacts } from '@sluice/event-store';
import { type HttpApp, metrics } from '@sluice/platform';
import type { Pool } from 'pg';
import { DatabaseWatch } from './database-watch.ts';

/** What metrics and health want to know of a bus. */
export interface ObservedBus {
  statuses(): ConsumerStatus[];
}

export interface Observed {
  bus: ObservedBus;
  stores: ReadonlyMap<ServiceName, EventStore>;
  pools: ReadonlyMap<ServiceName, Pool>;
}

type Count = keyof EventStoreStats;

const STORE_COUNTS: Readonly<Record<Count, string>> = {
  batches: 'Batches that the event store sent',
  events: 'Events that the event store committed',
  refused: 'Batches that PostgreSQL refused',
  halved: 'Batches that were halved to find which commit was refused',
  losses: 'Append connections that were lost',
  deadlocks: 'Batches that PostgreSQL ended to resolve a deadlock, and that were sent again',
};

/** Powers of four up to the 128 rows of a batch, and what goes alone beyond it. */
const BATCH_EVENTS = [1, 2, 4, 8, 16, 32, 64, 128, 512, 2048];
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** Called for every batch of a store that is durable; about a microsecond for up to 128 events. */
export function batchObserver(service: ServiceName): (batch: WrittenBatchFacts) => void {
  const events = metrics.histogram('sluice_event_store_batch_events', 'Events in a committed batch', BATCH_EVENTS, [
    'service',
  ]);
  const seconds = metrics.histogram(
    'sluice_event_store_commit_seconds',
    'From sending a batch to its commit',
    COMMIT_SECONDS,
    ['service'],
  );
  return (batch) => {
    events.observe({ service }, batch.events);
    if (batch.durationMs !== null) seconds.observe({ service }, batch.durationMs / 1000);
  };
}

function observeConsumers(bus: ObservedBus): void {
  const each = (name: string, help: string, value: (status: ConsumerStatus) => number): void => {
    metrics.gauge(name, help, ['group', 'topic'], (gauge) => {
      gauge.reset();
      for (const status of bus.statuses()) gauge.set({ group: status.group, topic: status.topic }, value(status));
    });
  };
  each('sluice_consumer_lag', 'Events not yet applied by a consumer group', ({ lag }) => lag);
  each('sluice_consumer_paused', '1 while a consumer group waits for something it needs', ({ pausedBecause }) =>
    pausedBecause === null ? 0 : 1,
  );
  each('sluice_consumer_joined', '1 while this process takes part in the consumer group', ({ joined }) =>
    joined ? 1 : 0,
  );
  each('sluice_parked_streams', 'Streams parked behind a dead letter', ({ parkedStreams }) => parkedStreams);
  metrics.counter('sluice_consumer_failed_total', 'Events that were dead-lettered', ['group', 'topic'], (counter) => {
    counter.reset();
    for (const { group, topic, failed } of bus.statuses()) counter.inc({ group, topic }, failed);
  });
}

/** There is nothing to relay in the standalone wiring; the names are there all the same, for one set of dashboards. */
function observeRelays(bus: ObservedBus): void {
  const relays = bus instanceof KafkaBus ? () => bus.relays() : () => [];
  const each = (name: string, help: string, value: (status: RelayStatus) => number): void => {
    metrics.gauge(name, help, ['service'], (gauge) => {
      gauge.reset();
      for (const status of relays()) gauge.set({ service: status.service }, value(status));
    });
  };
  each('sluice_relay_lag', 'Events committed and not yet on Kafka', ({ lag }) => lag);
  each('sluice_relay_active', '1 in the one process that relays a service’s events', ({ active }) => (active ? 1 : 0));
  each('sluice_relay_failing', '1 while the relay cannot go on', ({ problem }) => (problem === null ? 0 : 1));
}

function observeStores(stores: ReadonlyMap<ServiceName, EventStore>): void {
  metrics.gauge('sluice_event_store_queued_events', 'Events that wait for their commit', ['service'], (gauge) => {
    for (const [service, store] of stores) gauge.set({ service }, store.queued);
  });
  for (const [count, help] of Object.entries(STORE_COUNTS) as [Count, string][]) {
    metrics.counter(`sluice_event_store_${count}_total`, help, ['service'], (counter) => {
      counter.reset();
      for (const [service, store] of stores) counter.inc({ service }, store.stats[count]);
    });
  }
}

function observeDatabase({ stores, pools }: Observed): void {
  const [store] = stores.values();
  const [pool] = pools.values();
  if (!store || !pool) return;
  const watch = new DatabaseWatch(store, pool, [...pools.keys()]);
  metrics.gauge('sluice_postgres_up', '1 when PostgreSQL answered within half a second', [], async (gauge) =>
    gauge.set((await watch.latest()) === null ? 0 : 1),
  );
  metrics.gauge(
    'sluice_oldest_transaction_seconds',
    'Age of the oldest writing transactions of the cluster: events committed since then wait for them to be read',
    ['pid', 'name', 'database'],
    async (gauge) => {
      gauge.reset();
      for (const { pid, name, database, ageMs } of (await watch.latest())?.blockers ?? [])
        gauge.set({ pid: pid ?? 'prepared', name, database }, ageMs / 1000);
    },
  );
  metrics.gauge(
    'sluice_due_queue_rows',
    'Work that waits for its time, or is under way',
    ['service'],
    async (gauge) => {
      gauge.reset();
      for (const [service, rows] of (await watch.latest())?.dueRows ?? []) gauge.set({ service }, rows);
    },
  );
}

/** Everything at /metrics that is not one service's own. Nothing here reads a table (docs/metrics.md). */
export function observe(observed: Observed): void {
  observeConsumers(observed.bus);
  observeRelays(observed.bus);
  observeStores(observed.stores);
  observeDatabase(observed);
}

/** Ready only while every consumer has joined and flows. */
export function checkBus(app: HttpApp, bus: ObservedBus): void {
  app.health.add('bus', () => {
    const apart = bus.statuses().filter((status) => !status.joined);
    const paused = bus.statuses().filter((status) => status.pausedBecause !== null);
    const tell = paused.map((status) => `${status.group} on ${status.topic}: ${status.pausedBecause}`).join('; ');
    // A gateway has to go on accepting while Kafka is away, so a pause is told and does not make it unready.
    if (apart.length === 0) return { ok: true, ...(tell === '' ? {} : { detail: `paused: ${tell}` }) };
    const refusal = apart.find((status) => status.refusedBecause)?.refusedBecause;
    return {
      ok: false,
      detail: `${refusal ? `${refusal}; ` : ''}not joined: ${apart.map((status) => `${status.group} on ${status.topic}`).join('; ')}`,
    };
  });
}
