import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AttemptFinished } from '@sluice/contracts';
import {
  type RecordingReceiver,
  recordingReceiver,
  startChildProgram,
  temporaryPostgres,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';

const CHILD = fileURLToPath(new URL('./mortal-dispatcher.fixture.ts', import.meta.url));
const EVENTS = 40;

let postgres: Awaited<ReturnType<typeof temporaryPostgres>>;
let admin: pg.Client;
let pool: pg.Pool;
let url: string;
let receiver: RecordingReceiver;
let child: ChildProcess | null = null;
let databases = 0;

beforeAll(async () => {
  postgres = await temporaryPostgres();
  admin = new pg.Client({ connectionString: postgres.server.url });
  await admin.connect();
});
afterAll(async () => {
  await admin?.end();
  await postgres?.remove();
});

beforeEach(async () => {
  const name = `crash_${++databases}`;
  await admin.query(`create database ${name}`);
  const database = new URL(postgres.server.url);
  database.pathname = `/${name}`;
  url = database.href;
  pool = new pg.Pool({ connectionString: url, max: 2 });
  receiver = await recordingReceiver();
  const seen = new Set<string>();
  receiver.respond((request) => {
    const id = request.headers['webhook-id'] ?? '';
    if (seen.has(id)) return { status: 200, delayMs: 5 };
    seen.add(id);
    return { status: 500 };
  });
  const running: RunningServices = await startServices({
    services: [dispatcherService, ...NEIGHBOURS],
    settings: testSettings(url),
    logger: SILENT,
  });
  const neighbours = new Neighbours(running.app.nest);
  await neighbours.endpoint({
    url: receiver.url,
    retrySchedule: ['PT0S', 'PT0.2S', 'PT0.2S', 'PT0.2S', 'PT0.2S', 'PT0.2S'],
  });
  await neighbours.settled();
  await running.close();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await receiver.close();
  await pool.end();
});

async function launch(failpoints: string): Promise<ChildProcess> {
  child = await startChildProgram([CHILD], { SLUICE_DATABASE_URL: url, SLUICE_FAILPOINTS: failpoints });
  return child;
}

async function emittedIds(): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select e.data::json -> h.place::int - 1 ->> 'eventId' as id from runner.events e
       cross join json_array_elements(e.heads::json) with ordinality as h(head, place) where h.head ->> 0 = 'EventEmitted'
     union all select data::json ->> 'eventId' from runner.events where type = 'EventEmitted' and heads is null`,
  );
  return rows.map((row) => row.id);
}

async function attemptsOf(outcome: string): Promise<AttemptFinished[]> {
  const { rows } = await pool.query<{ data: string }>(
    "select data from dispatcher.events where type = 'AttemptFinished'",
  );
  return rows.map((row) => JSON.parse(row.data) as AttemptFinished).filter((attempt) => attempt.outcome === outcome);
}

describe('promise 1: a dispatcher killed between any two commits loses no delivery', () => {
  const points = [
    'before-record',
    'after-record',
    'before-send',
    'after-send',
    'before-attempt-commit',
    'after-attempt-commit',
  ];
  const cases = points.flatMap((point) => [1, 30].map((count) => [`dispatcher.${point}`, count] as const));

  it.each(cases)(
    'killed at %s, passage %d: every event is delivered, repeated requests carry the same id',
    async (point, count) => {
      // Recording takes a batch at a time, so its point is passed once per line.
      const passages = point.endsWith('-record') ? Math.min(count, 3) : count;
      const doomed = await launch(`${point}=${passages}`);
      const killed = once(doomed, 'exit');
      for (let line = 0; line < 4; line++) {
        doomed.stdin?.write(`${EVENTS / 4}\n`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const [, signal] = (await killed) as [number | null, string | null];
      expect(signal).toBe('SIGKILL');
      // The dead process' leases end, without the wait.
      await pool.query("update dispatcher.due set lease_until = clock_timestamp() where lease_owner like 'mortal%'");

      const heir = await launch('');
      const emitted = await emittedIds();
      expect(emitted.length).toBeGreaterThan(0);
      await waitFor(async () => (await attemptsOf('succeeded')).length === emitted.length, 30_000, 'every delivery');
      const succeeded = await attemptsOf('succeeded');
      expect(new Set(succeeded.map((attempt) => attempt.eventId))).toEqual(new Set(emitted));
      expect(new Set(receiver.requests.map((request) => request.headers['webhook-id']))).toEqual(
        new Set(succeeded.map((attempt) => attempt.deliveryId)),
      );
      // First attempts fail and second ones succeed; the process that died may have sent its requests in flight again.
      expect(receiver.requests.length).toBeLessThanOrEqual(emitted.length * 2 + 20);
      const ended = once(heir, 'exit');
      heir.stdin?.end();
      expect(await ended).toEqual([0, null]);
      const { rows } = await pool.query('select 1 from dispatcher.due');
      expect(rows).toEqual([]);
    },
  );

  it('and while PostgreSQL was killed under it, goes on by itself', async () => {
    const living = await launch('');
    let ended: unknown = null;
    living.once('exit', (...how) => (ended = how));
    living.stdin?.write('20\n');
    await receiver.waitFor(5);
    await admin.end();
    await pool.end();
    await postgres.server.kill9();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await postgres.restart();
    admin = new pg.Client({ connectionString: postgres.server.url });
    await admin.connect();
    pool = new pg.Pool({ connectionString: url, max: 2 });
    await waitFor(async () => (await attemptsOf('succeeded')).length === 20, 60_000, 'every delivery');
    expect(ended).toBeNull();
    expect(new Set(receiver.requests.map((request) => request.headers['webhook-id'])).size).toBe(20);
  });
});
