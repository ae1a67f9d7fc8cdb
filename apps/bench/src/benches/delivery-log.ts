import pg from 'pg';
import { LoadClient } from '../load/load-client.ts';
import type { LoadResult } from '../load/load-order.ts';
import { nodeCpuMs, startProduct } from '../product.ts';
import type { BenchResult, Row } from '../report.ts';
import { isSustained } from './end-to-end.ts';
import { databaseUrlOf } from './held-runner.ts';
import type { BenchArguments } from './rounds.ts';

const LOAD = { bodyBytes: 1_024, connections: 64, warmUpMs: 3_000, measureDeliveries: true, drainMs: 60_000 };
/** The flow makes a request, four events of its run, two recorded events and an attempt: eight. */
const EVENTS_OF_TRIGGER = 8;
const EVENTS_PER_SECOND = 3_000;
const STEP = 250;
const MOST_PER_SECOND = 6_000;
const TOPICS = ['gateway', 'runner', 'dispatcher'];
/** All that a batch of any topic writes: it takes its locks before it begins, so that it holds nobody else up. */
const WRITTEN = ['requests', 'runs', 'domain_events', 'stat_totals'];

interface Measured {
  result: LoadResult;
  nodeUs: number;
  walBytes: number;
  /** Events that the log was behind, at most while the load ran and when it ended. */
  behind: { most: number; atEnd: number };
}

/** A connection to the product's own PostgreSQL. */
async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

async function numberOf(client: pg.Client, sql: string): Promise<number> {
  const { rows } = await client.query<{ n: number | null }>(sql);
  return rows[0]?.n ?? 0;
}

/** How many positions lie between what the log has applied and the newest event of each topic. */
async function eventsBehind(client: pg.Client): Promise<number> {
  const parts = TOPICS.map(
    (service) => `(select coalesce(max(position), 0) from ${service}.events)
      - (select coalesce(max(position), 0) from delivery_log.checkpoints where topic = '${service}.events')`,
  );
  return numberOf(client, `select (${parts.join(' + ')})::float8 as n`);
}

async function watched<T>(client: pg.Client, work: Promise<T>): Promise<[T, number]> {
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      most = Math.max(most, await eventsBehind(client));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  })();
  const result = await work.finally(() => (isOver = true));
  await watching;
  return [result, most];
}

/** One open-loop load on a fresh product. @param isHeld the log applies nothing meanwhile */
export async function measureWithLog(isHeld: boolean, ratePerSecond: number, seconds: number): Promise<Measured> {
  const load = new LoadClient();
  const product = await startProduct('standalone', { triggers: 10, receiverPort: await load.receiver() });
  const { system } = product;
  const [holder, watcher] = [await connect(databaseUrlOf(system)), await connect(databaseUrlOf(system))];
  try {
    if (isHeld) {
      await holder.query('begin');
      await holder.query(`lock table ${WRITTEN.map((name) => `delivery_log.${name}`).join(', ')} in exclusive mode`);
    }
    const wal = `select (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as n`;
    const [cpuMs, walBytes] = [nodeCpuMs(system), await numberOf(watcher, wal)];
    const { targets } = product;
    const order = {
      ...LOAD,
      ratePerSecond,
      durationMs: seconds * 1_000,
      host: '127.0.0.1',
      port: system.port,
      targets,
    };
    const [result, most] = await watched(watcher, load.run(order));
    const triggers = ratePerSecond * (seconds + LOAD.warmUpMs / 1_000);
    return {
      result,
      nodeUs: ((nodeCpuMs(system) - cpuMs) * 1_000) / triggers,
      walBytes: ((await numberOf(watcher, wal)) - walBytes) / triggers,
      behind: { most, atEnd: await eventsBehind(watcher) },
    };
  } finally {
    await holder.end();
    await watcher.end();
    await system.remove();
  }
}

export function rowOf(name: string, { result, nodeUs, walBytes, behind }: Measured): Row {
  const { deliveries } = result;
  return {
    case: name,
    'triggers/s': result.perSecond,
    '202 p99 ms': result.p99Ms,
    'delivery p50 ms': deliveries?.p50Ms ?? Number.NaN,
    'delivery p99 ms': deliveries?.p99Ms ?? Number.NaN,
    'backlog gone after s': (deliveries?.drainedAfterMs ?? Number.NaN) / 1_000,
    missing: deliveries?.missing ?? 0,
    'log behind, events at most': behind.most,
    'at the end': behind.atEnd,
    'Node µs a trigger': nodeUs,
    'WAL bytes a trigger': walBytes,
  };
}

async function sustained(isHeld: boolean, seconds: number, rows: Row[]): Promise<number> {
  let best = 0;
  for (let rate = 1_500; rate <= MOST_PER_SECOND; rate += STEP) {
    const measured = await measureWithLog(isHeld, rate, seconds);
    rows.push(rowOf(`${isHeld ? 'log held' : 'with the log'}, ramp ${rate}/s`, measured));
    if (!isSustained(measured, rate)) break;
    best = rate;
  }
  return best;
}

/** End to end with the delivery log and with its consumers held: at 3,000 events a second, then the sustained maximum of both. */
export async function deliveryLog({ seconds }: BenchArguments): Promise<BenchResult> {
  const rate = EVENTS_PER_SECOND / EVENTS_OF_TRIGGER;
  const rows = [
    rowOf(`with the log, ${EVENTS_PER_SECOND} events/s`, await measureWithLog(false, rate, seconds)),
    rowOf(`log held, ${EVENTS_PER_SECOND} events/s`, await measureWithLog(true, rate, seconds)),
  ];
  const [withLog, held] = [await sustained(false, seconds, rows), await sustained(true, seconds, rows)];
  const share = held === 0 ? 'not known' : (withLog / held).toFixed(2);
  return {
    conditions: `open loop, ${seconds} s a rate, 1 KiB bodies, local receiver, signed; sustained maximum ${withLog}/s with the log and ${held}/s without: ${share}`,
    rows,
  };
}
