import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  type RecordingReceiver,
  recordingReceiver,
  startChildProgram,
  temporaryPostgres,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { RunnerConfig } from '../runner.config.ts';
import { runnerService } from '../runner.service.ts';

const CHILD = fileURLToPath(new URL('./mortal-process.fixture.ts', import.meta.url));
const RUNS = 40;
const REFS = ['one', 'two', 'three'];

let postgres: Awaited<ReturnType<typeof temporaryPostgres>>;
let pool: pg.Pool;
let receiver: RecordingReceiver;
let running: RunningServices | undefined;
let child: ChildProcess | undefined;

beforeEach(async () => {
  postgres = await temporaryPostgres();
  pool = new pg.Pool({ connectionString: postgres.server.url, max: 2 });
  receiver = await recordingReceiver({ respond: () => ({ status: 200, body: '{}', delayMs: 400 }) });
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await running?.close();
  await receiver?.close();
  await pool?.end();
  await postgres?.remove();
});

/** Starts them one after another: who is there first consumes the triggers, and so begins the runs. */
async function startBoth(): Promise<Neighbours> {
  child = await startChildProgram([CHILD], { SLUICE_DATABASE_URL: postgres.server.url });
  const settings = testSettings(postgres.server.url, { instanceId: 'heir' });
  const services = [runnerService, ...NEIGHBOURS];
  running = await startServices({ services, settings, logger: SILENT, soleWriter: false });
  return neighboursIn(running.app.nest);
}

/** Runs by their id, with the milliseconds for which the dead process still holds them. */
async function heldByDead(): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ id: string; ms: number }>(
    `select id, (extract(epoch from lease_until - clock_timestamp()) * 1000)::int as ms from runner.due
      where lease_owner like 'mortal-%' and lease_until > clock_timestamp()`,
  );
  return new Map(rows.map(({ id, ms }) => [id, ms]));
}

async function typesOf(neighbours: Neighbours, ids: readonly string[]): Promise<Map<string, string[]>> {
  const each = await Promise.all(
    ids.map(async (id) => {
      const events = await neighbours.run(id);
      const text = events.map(({ type, data }) => `${type} ${(data as { ref?: string }).ref ?? ''}`.trim());
      return [id, text] as const;
    }),
  );
  return new Map(each);
}

describe('FL-05: one of two runners is killed among runs that call', () => {
  it('with its lease of 12 s the other goes on with its runs; no call that was recorded is made again', async () => {
    const neighbours = await startBoth();
    const call = (ref: string) => ({ ref, type: 'http', method: 'POST', url: `${receiver.url}/${ref}/{{ web1.n }}` });
    const [one, two, three] = REFS.map(call) as [object, object, object];
    const nap = { ref: 'nap', type: 'delay', for: 'PT1S' };
    const told = { ref: 'told', type: 'emit', event: 'told', data: '{{ web1.n }}' };
    const flow = await neighbours.flow({
      steps: [{ ref: 'web1', type: 'webhook' }, one, two, nap, three, told] as never,
    });
    const numbers = Array.from({ length: RUNS }, (_, n) => n);
    const ids = await neighbours.acceptAll(numbers.map((n) => ({ flow, accept: { body: { n } } })));
    await receiver.waitFor(RUNS + 10, 60_000);
    child?.kill('SIGKILL');
    await once(child as ChildProcess, 'exit');
    const diedMs = Date.now();
    const held = await heldByDead();
    const atDeath = await typesOf(neighbours, ids);
    expect(held.size).toBeGreaterThan(0);
    // What is left for finding them: three seconds of the fifteen.
    expect(new RunnerConfig().leaseMs).toBe(12_000);
    for (const ms of held.values()) expect(ms).toBeLessThanOrEqual(12_000);

    const later = await neighbours.acceptAll([1_000, 1_001].map((n) => ({ flow, accept: { body: { n } } })));
    const all = [...ids, ...later];
    const unfinished = async () =>
      [...(await typesOf(neighbours, all)).values()].filter((types) => !types.includes('RunFinished')).length;
    await waitFor(async () => (await unfinished()) === 0, 120_000, 'the end of all runs');
    console.log(`takeover: ${held.size} runs of a dead runner ended ${Date.now() - diedMs} ms after its death`);
    const statuses = await pool.query('select status, count(*)::int as runs from runner.runs group by status');
    expect(statuses.rows).toEqual([{ status: 'succeeded', runs: RUNS + 2 }]);
    for (const types of (await typesOf(neighbours, all)).values())
      for (const once of [
        'RunStarted',
        'EventEmitted told',
        'RunFinished',
        ...REFS.map((ref) => `StepCompleted ${ref}`),
      ])
        expect(types.filter((type) => type === once)).toEqual([once]);

    for (const [n, id] of ids.entries())
      for (const ref of REFS) {
        const made = receiver.requests.filter(({ path }) => path === `/${ref}/${n}`);
        const wasUnderWay = atDeath.get(id)?.includes(`StepStarted ${ref}`) && held.has(id);
        const wasDone = atDeath.get(id)?.includes(`StepCompleted ${ref}`);
        expect(made.length, `${ref} of run ${n}`).toBeLessThanOrEqual(wasUnderWay && !wasDone ? 2 : 1);
        expect(new Set(made.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
      }
    expect((await pool.query('select id from runner.due')).rows).toEqual([]);
  }, 240_000);
});
