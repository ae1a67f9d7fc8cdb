import type { FlowStep, RunFinished, StepCompleted, StepFailed } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Neighbours, NEIGHBOURS, neighboursIn, SILENT, testSettings } from '../../runner.fixture.ts';
import { runnerService } from '../../runner.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;

beforeAll(async () => {
  database = await createTestDatabase();
  const code = { timeoutMs: 3_000, memoryBytes: 16 << 20, threads: 2 };
  const settings = testSettings(database.url, { code });
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const code = (source: string, fields: Record<string, unknown> = {}): FlowStep => ({
  ref: 'js',
  type: 'code',
  source,
  timeout: 'PT3S',
  ...fields,
});
const start = async (...steps: FlowStep[]): Promise<string> =>
  neighbours.accept(await neighbours.flow({ steps: [{ ref: 'web1', type: 'webhook' }, ...steps] }), {
    body: { items: [3, 4] },
  });
const ended = (runId: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 60_000);

describe('FL-02: a code step', () => {
  test('gets the input of the run, or what the flow gives it, and its result goes on as it is', async () => {
    const runId = await start(
      code('console.log("got", input); return { sum: input.items.reduce((a, b) => a + b, 0) };', { ref: 'sum' }),
      code('return input * 2', { input: '{{ sum.sum }}' }),
    );
    expect((await ended(runId)).result).toBe(14);
    const events = await neighbours.run(runId);
    expect(events.map(({ type }) => type)).toEqual([
      'RunStarted',
      'StepStarted',
      'StepCompleted',
      'StepStarted',
      'StepCompleted',
      'RunFinished',
    ]);
    expect(events[2]?.data as StepCompleted).toMatchObject({
      input: { items: [3, 4] },
      output: { sum: 7 },
      console: [{ level: 'log', text: 'got {"items":[3,4]}' }],
    });
  });

  test('that throws fails with its place and what it wrote; the flow may go on', async () => {
    const runId = await start(code('console.warn("so far");\nthrow new Error("no");', { onError: 'continue' }), {
      ref: 'after',
      type: 'set',
      values: { code: '{{ js.error.code }}' },
    });
    expect((await ended(runId)).result).toEqual({ code: 'code_failed' });
    const failed = (await neighbours.run(runId)).find(({ type }) => type === 'StepFailed')?.data as StepFailed;
    expect(failed.error.message).toMatch(/^Error: no \(line 2, column \d+\)$/);
    expect(failed.console?.map(({ text }) => text.split('\n')[0])).toEqual(['so far', 'Uncaught Error: no']);
  });

  test('may be tried again, with the same random numbers', async () => {
    const source = 'console.log(String(Math.random())); throw new Error("again");';
    const runId = await start(code(source, { retry: { maxAttempts: 2, backoff: 'PT0.01S', on: ['code_failed'] } }));
    expect((await ended(runId)).error).toMatchObject({ code: 'code_failed' });
    const failures = (await neighbours.run(runId)).filter(({ type }) => type === 'StepFailed');
    const printed = failures.map(({ data }) => (data as StepFailed).console?.[0]?.text);
    expect(printed).toHaveLength(2);
    expect(printed[0]).toBe(printed[1]);
  });

  test.each([
    ['for (;;);', { timeout: 'PT0.1S' }, 'code_timeout', 'within 100 ms'],
    ['for (;;);', { timeout: 'PT1M' }, 'code_timeout', 'within 3000 ms, the most that this installation allows'],
    ['const a = []; for (;;) a.push(new Array(1000).fill(0));', {}, 'code_memory', 'memory'],
    ['return "x".repeat(1_048_575)', {}, 'code_result_too_large', '1048576'],
    ['return (', {}, 'code_syntax', 'line '],
    ['return () => 1', {}, 'code_failed', 'has no JSON'],
    ['let a = []; for (let i = 0; i < 200; i++) a = [a]; return a', {}, 'invalid_output', 'nested deeper'],
  ])('ends as %s with %j by %s', async (source, fields, errorCode, message) => {
    const { error } = await ended(await start(code(source, fields)));
    expect(error).toMatchObject({ code: errorCode, message: expect.stringContaining(message), ref: 'js' });
  });

  test('with a result over 256 KiB goes on, also in another step and after a wait', async () => {
    const steps = [
      code('return "x".repeat(1_048_574)'),
      { ref: 'nap', type: 'delay', for: 'PT0.05S' },
      { ref: 'n', type: 'set', values: '{{ js | length }}' },
    ];
    const runId = await start(...steps);
    expect(await ended(runId)).toMatchObject({ status: 'succeeded', result: 1_048_574 });
  });

  test('that runs away leaves other runs alone', async () => {
    const runaways = await Promise.all([0, 1, 2].map(() => start(code('for (;;);', { timeout: 'PT3S' }))));
    const others = await Promise.all(
      Array.from({ length: 20 }, () => start({ ref: 'x', type: 'set', values: { ok: true } })),
    );
    for (const runId of others) expect((await ended(runId)).result).toEqual({ ok: true });
    // Two threads, of which one app gets one: the third of them has not even begun.
    const last = (await neighbours.run(runaways[2] as string)).at(-1);
    expect(last?.type).toBe('StepStarted');
    for (const runId of runaways) expect((await ended(runId)).error).toMatchObject({ code: 'code_timeout' });
  });
});
