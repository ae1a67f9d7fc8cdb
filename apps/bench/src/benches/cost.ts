import { readdirSync, readFileSync } from 'node:fs';
import type { System } from '@sluice/testing';
import pg from 'pg';
import { LoadClient } from '../load/load-client.ts';
import { nodeCpuMs, startProduct } from '../product.ts';
import type { BenchResult, Row } from '../report.ts';
import { databaseUrlOf } from './held-runner.ts';
import type { BenchArguments } from './rounds.ts';

const LOAD = { bodyBytes: 1_024, connections: 64, warmUpMs: 3_000, measureDeliveries: true, drainMs: 120_000 };
/** What the product sustains; more would measure its queue. */
const SATURATION = 2_000;

interface Spent {
  events: number;
  transactions: number;
  walBytes: number;
  nodeMs: number;
  postgresMs: number;
}

/** Of the server and all its backends that live now; those of pools do, and what has ended is counted by its parent. */
function postgresCpuMs(system: System): number {
  const server = String(system.pids().postgres);
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      const own = Number(fields[11]) + Number(fields[12]);
      if (pid === server) ticks += own + Number(fields[13]) + Number(fields[14]);
      else if (fields[1] === server) ticks += own;
    } catch (error) {
      // It ended while it was looked at.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return ticks * 10;
}

async function spent(system: System, client: pg.Client): Promise<Spent> {
  // Counters of backends are told at the end of a transaction, at most once a second.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const { rows } = await client.query<{ transactions: number; wal: number; events: number }>(`select
    (select sum(xact_commit + xact_rollback)::float8 from pg_stat_database) as transactions,
    (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as wal,
    (select count(*)::float8 from gateway.events where type = 'TriggerAccepted') as events`);
  const [row] = rows;
  return {
    events: row?.events ?? 0,
    transactions: row?.transactions ?? 0,
    walBytes: row?.wal ?? 0,
    nodeMs: nodeCpuMs(system),
    postgresMs: postgresCpuMs(system),
  };
}

async function costAt(ratePerSecond: number, seconds: number): Promise<Row> {
  const load = new LoadClient();
  const product = await startProduct('standalone', { triggers: 10, receiverPort: await load.receiver() });
  const client = new pg.Client({ connectionString: databaseUrlOf(product.system) });
  await client.connect();
  try {
    const before = await spent(product.system, client);
    const { port } = product.system;
    const order = { ...LOAD, ratePerSecond, durationMs: seconds * 1000, host: '127.0.0.1', port };
    const { deliveries } = await load.run({ ...order, targets: product.targets });
    const after = await spent(product.system, client);
    const events = after.events - before.events;
    return {
      case: `standalone, ${ratePerSecond}/s`,
      events,
      missing: deliveries?.missing ?? Number.NaN,
      'transactions an event': (after.transactions - before.transactions) / events,
      'WAL bytes an event': Math.round((after.walBytes - before.walBytes) / events),
      'Node CPU s per 1,000': (after.nodeMs - before.nodeMs) / events,
      'PostgreSQL CPU s per 1,000': (after.postgresMs - before.postgresMs) / events,
    };
  } finally {
    await client.end();
    await product.system.remove();
  }
}

/** What an event costs from its trigger to its delivery, in the database and in processor time of everything but client and receiver. */
export async function cost({ seconds }: BenchArguments): Promise<BenchResult> {
  const rows = [await costAt(1_000, seconds), await costAt(SATURATION, seconds)];
  return {
    conditions: `trigger to delivery, open loop, ${seconds} s after 3 s of warming up (counted as well), 1 KiB; every statement is a transaction of its own but the few of management`,
    rows,
  };
}
