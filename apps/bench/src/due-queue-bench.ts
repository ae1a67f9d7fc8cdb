// What the due-queue does with a million rows, with and without a transaction that keeps every dead row alive.
//   node apps/bench/dist/due-queue-bench.js [rows=1000000] [keys=1000] [minutes=0]
// With minutes, a third part: a reader stays open for so long, and each minute a tenth of the rows come and go beside it.
// Its own PostgreSQL with fsync on; one process; batches of 500 claimed, 4 batches at a time, each deleted by one commit.
import { Claim, type DueItem, DueQueue, dueTableSql } from '@sluice/due-queue';
import type { Alongside } from '@sluice/event-store';
import { startPostgres } from '@sluice/local-servers';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const KEYS = Number(process.argv[3] ?? 1000);
const MINUTES = Number(process.argv[4] ?? 0);
const BATCH = 500;
const LANES = 4;

interface Run {
  name: string;
  insertedPerSecond: number;
  donePerSecond: number;
  /** Rows per second in each tenth of the run: a falling line is what old transactions do to queues. */
  tenths: number[];
  claimP99Ms: number;
  rssMb: number;
}

async function commit(client: pg.Pool, alongside: Alongside): Promise<void> {
  const { statement, rows } = alongside;
  const arrays = statement.columns.map((type, column) => `$${column + 1}::${type}[]`);
  await client.query({
    name: statement.name,
    text: statement.sql(arrays),
    values: statement.columns.map((_, column) => rows.map((row) => row[column])),
  });
}

function idOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

let nextId = 0;

async function fill(pool: pg.Pool, queue: DueQueue, rows: number): Promise<number> {
  const startMs = performance.now();
  const dueMs = Date.now() - 3_600_000;
  for (let from = 0; from < rows; from += 5000) {
    const items: DueItem[] = Array.from({ length: Math.min(5000, rows - from) }, (_, index) => ({
      id: idOf(nextId + from + index),
      key: `key-${(from + index) % KEYS}`,
      dueAt: new Date(dueMs + Math.floor((from + index) / 10)),
      payload: { deliveryId: idOf(nextId + from + index), number: 2 },
    }));
    await commit(pool, queue.schedule(items));
  }
  nextId += rows;
  return rows / ((performance.now() - startMs) / 1000);
}

async function drain(
  pool: pg.Pool,
  queue: DueQueue,
  rows: number,
): Promise<Pick<Run, 'donePerSecond' | 'tenths' | 'claimP99Ms'>> {
  const claimMs: number[] = [];
  const tenths: number[] = [];
  const startMs = performance.now();
  let done = 0;
  let tenthAtMs = startMs;
  const finish = async (claims: Claim[]): Promise<void> => {
    await commit(pool, queue.complete(claims));
    for (const claim of claims) queue.settle(claim);
    done += claims.length;
    if (done < ((tenths.length + 1) * rows) / 10) return;
    const nowMs = performance.now();
    tenths.push(Math.round(rows / 10 / ((nowMs - tenthAtMs) / 1000)));
    tenthAtMs = nowMs;
  };
  const lanes = new Set<Promise<void>>();
  while (done < rows) {
    const beforeMs = performance.now();
    const claims = await queue.claim(BATCH);
    claimMs.push(performance.now() - beforeMs);
    if (claims.length > 0) {
      const lane = finish(claims).finally(() => lanes.delete(lane));
      lanes.add(lane);
    }
    if (lanes.size >= LANES || (claims.length === 0 && lanes.size > 0)) await Promise.race(lanes);
    else if (claims.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(lanes);
  claimMs.sort((a, b) => a - b);
  return {
    donePerSecond: Math.round(rows / ((performance.now() - startMs) / 1000)),
    tenths,
    claimP99Ms: Math.round((claimMs[Math.floor(claimMs.length * 0.99)] ?? 0) * 10) / 10,
  };
}

async function run(pool: pg.Pool, name: string, rows = ROWS): Promise<Run> {
  const queue = new DueQueue({ pool, schema: 'work', owner: 'bench' });
  const insertedPerSecond = Math.round(await fill(pool, queue, rows));
  const drained = await drain(pool, queue, rows);
  queue.close();
  return { name, insertedPerSecond, ...drained, rssMb: Math.round(process.memoryUsage().rss / 1e6) };
}

/** A transaction whose snapshot is from before the rows: vacuum may take none of them away until it ends. */
async function openReader(url: string): Promise<() => Promise<void>> {
  const reader = new pg.Client({ connectionString: url });
  await reader.connect();
  await reader.query('begin isolation level repeatable read');
  await reader.query('select count(*) from work.due');
  return async () => {
    await reader.query('rollback');
    await reader.end();
  };
}

async function besideLongReader(pool: pg.Pool, url: string): Promise<Run[]> {
  const close = await openReader(url);
  const openedAtMs = Date.now();
  const runs: Run[] = [];
  for (let minute = 0; minute <= MINUTES; minute++) {
    await new Promise((resolve) => setTimeout(resolve, openedAtMs + minute * 60_000 - Date.now()));
    runs.push(await run(pool, `reader open for ${minute} min`, ROWS / 10));
  }
  await close();
  return runs;
}

const dir = await mkdtemp(path.join(tmpdir(), 'due-queue-bench-'));
const server = await startPostgres({ dir, settings: { shared_buffers: '512MB' } });
const pool = new pg.Pool({ connectionString: server.url, max: LANES + 2 });
try {
  await pool.query('create schema work');
  for (const statement of dueTableSql('work')) await pool.query(statement);
  const results = [await run(pool, 'nobody else')];
  const closeReader = await openReader(server.url);
  results.push(await run(pool, 'reader transaction open throughout'));
  await closeReader();
  if (MINUTES > 0) results.push(...(await besideLongReader(pool, server.url)));
  console.table(results.map(({ tenths, ...rest }) => ({ ...rest, tenths: tenths.join(' ') })));
} finally {
  await pool.end();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
