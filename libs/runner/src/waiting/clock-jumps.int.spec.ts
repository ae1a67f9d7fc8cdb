import { Logger } from '@nestjs/common';
import type { FlowDefinition, RunFinished } from '@sluice/contracts';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';

const HOUR_MS = 3_600_000;
let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let headers: { authorization: string };

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  receiver = await recordingReceiver({ respond: () => ({ status: 200, body: '{}', delayMs: 50 }) });
  headers = { authorization: `Bearer ${await neighbours.admin()}` };
});
afterEach(() => vi.useRealTimers());
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

/** Sets the clock of the process to another hour, where it goes on; timers and PostgreSQL keep their pace. */
function jump(byMs: number): void {
  const startMs = performance.now();
  const thenMs = Date.now() + byMs;
  const RealDate = Date;
  vi.stubGlobal(
    'Date',
    class extends RealDate {
      constructor(...given: []) {
        super(...((given.length > 0 ? given : [thenMs + performance.now() - startMs]) as []));
      }
      static override now(): number {
        return Math.trunc(thenMs + performance.now() - startMs);
      }
    },
  );
}
afterEach(() => void vi.unstubAllGlobals());

const WEB = { ref: 'web', type: 'webhook' };
const flow = (steps: FlowDefinition['steps']) => neighbours.flow({ steps: [WEB, ...steps] });
const waits = (runId: string) =>
  waitFor(async () => (await neighbours.run(runId)).some(({ type }) => type === 'RunWaiting') || null, 30_000);
const ended = (runId: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 30_000);
const times = async (runId: string) =>
  (await (await fetch(`${running.url}/v1/runs/${runId}`, { headers })).json()) as { queueMs: number; runMs: number };

test('FL-05: a clock that jumps an hour ahead wakes what is due then, once, and nothing else', async () => {
  const hour = await flow([
    { ref: 'nap', type: 'delay', for: 'PT1H' },
    { ref: 'out', type: 'set', values: 'awake' },
  ]);
  const day = await flow([{ ref: 'nap', type: 'delay', for: 'P1D' }]);
  const asked = await flow([{ ref: 'ok', type: 'approval', timeout: 'PT1H', onTimeout: [] }]);
  const ids = await Promise.all([hour, day, asked].map((each) => neighbours.accept(each)));
  const [sleeper, longer, approval] = ids as [string, string, string];
  await Promise.all(ids.map(waits));
  jump(HOUR_MS + 1_000);
  expect(await ended(sleeper)).toMatchObject({ status: 'succeeded', result: 'awake' });
  expect((await ended(approval)).status).toBe('succeeded');
  expect((await neighbours.run(longer)).at(-1)?.type).toBe('RunWaiting');
  expect((await neighbours.run(sleeper)).filter(({ type }) => type === 'StepCompleted')).toHaveLength(2);
});

test('FL-05: a clock that jumps an hour back leaves new runs on time, and what waits wakes when it has come back', async () => {
  const nap = (length: string) => flow([{ ref: 'nap', type: 'delay', for: length }]);
  const [short, waiting] = [await nap('PT0.2S'), await neighbours.accept(await nap('PT1M'))];
  await waits(waiting);
  jump(-HOUR_MS);
  const fresh = await Promise.all([1, 2, 3].map(() => neighbours.accept(short)));
  await Promise.all(fresh.map(ended));
  expect((await neighbours.run(waiting)).at(-1)?.type).toBe('RunWaiting');
  vi.unstubAllGlobals();
  jump(61_000);
  expect((await ended(waiting)).status).toBe('succeeded');
});

test('FL-05: a run under way while the clock jumps back and ahead ends once, with no negative times', async () => {
  const call = (ref: string) => ({ ref, type: 'http', url: `${receiver.url}/${ref}` });
  const calls = await flow([call('a'), { ref: 'nap', type: 'delay', for: 'PT0.05S' }, call('b'), call('c')]);
  const ids = [await neighbours.accept(calls), await neighbours.accept(calls)];
  await receiver.waitFor(1, 30_000);
  jump(-HOUR_MS);
  await receiver.waitFor(2, 30_000);
  vi.unstubAllGlobals();
  const finished = await Promise.all(ids.map(ended));
  expect(finished.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
  for (const id of ids) {
    expect((await neighbours.run(id)).filter(({ type }) => type === 'RunFinished')).toHaveLength(1);
    const { queueMs, runMs } = await times(id);
    expect([queueMs >= 0, runMs >= 0]).toEqual([true, true]);
  }
  expect(receiver.requests.map(({ path }) => path).toSorted()).toEqual(['/a', '/a', '/b', '/b', '/c', '/c']);
});
