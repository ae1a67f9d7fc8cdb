// What the event store alone does: appends from one process, beside one insert per event, and ordered reads.
//   node apps/bench/dist/append-micro.js [seconds=4] [rounds=3] [part=all|appends|packing|reads]
// Its own PostgreSQL with fsync on and the settings of the product; client and server share the machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newId, serviceOf, type Topic } from '@sluice/contracts';
import { EventStore, eventTablesSql, type NewEvent, type Position } from '@sluice/event-store';
import { startPostgres } from '@sluice/local-servers';
import pg from 'pg';

const SECONDS = Number(process.argv[2] ?? 4);
const ROUNDS = Number(process.argv[3] ?? 3);
const PART = process.argv[4] ?? 'all';
const TOPIC: Topic = 'gateway.events';
const meta = { correlationId: newId(), causationId: null };
const whole: NewEvent = { type: 'TriggerAccepted', appId: 'app', data: { text: 'x'.repeat(900) }, meta };
const split: NewEvent = { ...whole, data: { text: 'x'.repeat(300) }, body: Buffer.alloc(1024, 'a') };

interface Measured {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  nodeMicros: number;
  walBytes: number;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function walBytes(admin: pg.Client): Promise<number> {
  const { rows } = await admin.query<{ n: string }>('select wal_bytes::text as n from pg_stat_wal');
  return Number(rows[0]?.n);
}

/** A closed loop: each caller sends its next event when the last one is durable. */
async function loop(admin: pg.Client, callers: number, once: () => Promise<unknown>): Promise<Measured> {
  const latencies: number[] = [];
  const walBefore = await walBytes(admin);
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const endMs = startMs + SECONDS * 1000;
  const caller = async () => {
    for (let nowMs = performance.now(); nowMs < endMs; ) {
      await once();
      const thenMs = performance.now();
      latencies.push(thenMs - nowMs);
      nowMs = thenMs;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    nodeMicros: (cpu.user + cpu.system) / latencies.length,
    walBytes: ((await walBytes(admin)) - walBefore) / latencies.length,
  };
}

async function rounds(name: string, once: () => Promise<Measured>): Promise<void> {
  const runs: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) runs.push(await once());
  const of = (key: keyof Measured) => median(runs.map((run) => run[key]));
  console.log(
    `${name.padEnd(44)} ${Math.round(of('perSecond')).toString().padStart(7)}/s  p50 ${of('p50Ms').toFixed(1)} ms  ` +
      `p99 ${of('p99Ms').toFixed(1)} ms  Node ${of('nodeMicros').toFixed(1)} µs  WAL ${Math.round(of('walBytes'))} B  ` +
      `[${runs.map((run) => Math.round(run.perSecond)).join(', ')}]`,
  );
}

async function fresh(admin: pg.Client, topic = TOPIC): Promise<void> {
  const service = serviceOf(topic);
  await admin.query(`drop schema if exists ${service} cascade`);
  await admin.query(`create schema ${service}`);
  for (const sql of eventTablesSql(service, [topic], { partitioned: true })) await admin.query(sql);
  await admin.query('checkpoint');
}

async function withStore<T>(
  url: string,
  lanes: number,
  work: (store: EventStore) => Promise<T>,
  topic = TOPIC,
): Promise<T> {
  const connection = { connectionString: url };
  const service = serviceOf(topic);
  const store = new EventStore({ service, topics: [topic], connection, partitioned: true, lanes });
  await store.start();
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function appends(url: string, admin: pg.Client): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  await rounds('reference: one insert per event, 20 connections', async () => {
    await fresh(admin);
    await withStore(url, 1, async () => undefined);
    const text = `insert into gateway.events (epoch, stream_id, version, type, type_version, occurred_at, data, meta)
      values (1, $1, 1, $2, 1, now(), $3, $4)`;
    const rest = [whole.type, JSON.stringify(whole.data), JSON.stringify(meta)];
    return await loop(admin, 256, () => pool.query({ name: 'one', text, values: [newId(), ...rest] }));
  });
  await pool.end();
  const cases: [string, number, number, NewEvent][] = [
    ['256 callers, 1 KB in the event', 256, 1, whole],
    ['256 callers, event and body of 1 KB', 256, 1, split],
    ['64 callers, event and body', 64, 1, split],
    ['1 caller, event and body', 1, 1, split],
    ['256 callers, event and body, 2 lanes', 256, 2, split],
  ];
  for (const [name, callers, lanes, event] of cases) {
    await rounds(name, async () => {
      await fresh(admin);
      return await withStore(url, lanes, (store) => loop(admin, callers, () => store.append(newId(), 0, [event])));
    });
  }
  await rounds('256 callers, versions 1 to 4 of each stream', async () => {
    await fresh(admin);
    return await withStore(url, 1, (store) => {
      const open: { stream: string; version: number }[] = [];
      return loop(admin, 256, async () => {
        const { stream, version } = open.pop() ?? { stream: newId(), version: 0 };
        await store.append(stream, version, [whole]);
        if (version < 3) open.push({ stream, version: version + 1 });
      });
    });
  });
}

/** What a run appends that takes all its steps at once: a row each in one topic, one row together in the other (0500). */
async function packing(url: string, admin: pg.Client): Promise<void> {
  const run = ['RunStarted', 'StepCompleted', 'EventEmitted', 'RunFinished'];
  const events = run.map((type): NewEvent => ({ type, appId: 'app', data: { text: 'x'.repeat(300) }, meta }));
  for (const topic of ['runner.answers', 'runner.events'] as const) {
    await rounds(`256 callers, 4 events of 300 B, ${topic}`, async () => {
      await fresh(admin, topic);
      return await withStore(url, 1, (store) => loop(admin, 256, () => store.append(newId(), 0, events)), topic);
    });
  }
}

async function reads(url: string, admin: pg.Client): Promise<void> {
  await fresh(admin);
  await withStore(url, 1, async (store) => {
    const events = 200_000;
    for (let done = 0; done < events; done += 4000) {
      await Promise.all(Array.from({ length: 4000 }, () => store.append(newId(), 0, [split])));
    }
    for (let round = 0; round < ROUNDS; round++) {
      const startMs = performance.now();
      let after: Position | null = null;
      let count = 0;
      for (;;) {
        const batch = await store.readAfter(TOPIC, after, 500);
        const last = batch.at(-1);
        if (!last) break;
        count += batch.length;
        after = last.position;
      }
      const readMs = performance.now() - startMs;
      const polls = 500;
      const pollMs = performance.now();
      for (let poll = 0; poll < polls; poll++) await store.readAfter(TOPIC, after, 500);
      console.log(
        `ordered read of ${count} events with bodies, 500 at a time: ${Math.round((count / readMs) * 1000)}/s; ` +
          `an empty poll ${((performance.now() - pollMs) / polls).toFixed(2)} ms`,
      );
    }
  });
}

const dir = await mkdtemp(path.join(tmpdir(), 'sluice-append-micro-'));
const server = await startPostgres({ dir });
const admin = new pg.Client({ connectionString: server.url });
await admin.connect();
for (const part of [appends, packing, reads]) {
  if (PART === 'all' || PART === part.name) await part(server.url, admin);
}
await admin.end();
await server.stop();
await rm(dir, { recursive: true, force: true });
