import { afterAll, describe, expect, it } from 'vitest';
import type { CodeCall, CodeResult } from './code-call.ts';
import { CodeSandbox } from './code-sandbox.ts';
import { HOSTILE_CODE } from './hostile-code.fixture.ts';

const sandbox = new CodeSandbox({ threads: 2 });
afterAll(() => sandbox.close());

const callOf = (source: string, fields: Partial<CodeCall> = {}): CodeCall => ({
  source,
  inputJson: 'null',
  tenant: 'a',
  lane: 'one',
  seed: 'seed',
  nowMs: Date.parse('2026-07-01T12:00:00Z'),
  timeMs: 10_000,
  ...fields,
});
const run = (source: string, fields?: Partial<CodeCall>): Promise<CodeResult> => sandbox.run(callOf(source, fields));
const valueOf = async (source: string, fields?: Partial<CodeCall>): Promise<unknown> => {
  const result = await run(source, fields);
  return result.ok ? JSON.parse(result.json) : result.error;
};

describe('code in the sandbox', () => {
  it('gets input and returns JSON', async () => {
    const inputJson = JSON.stringify({ items: [{ n: 1 }, { n: 2 }] });
    expect(await valueOf('return { sum: input.items.reduce((sum, { n }) => sum + n, 0) };', { inputJson })).toEqual({
      sum: 3,
    });
    expect(await valueOf('')).toBeNull();
    expect(await valueOf('return [undefined, NaN, new Date(0), new Map([[1, 2]])]')).toEqual([
      null,
      null,
      '1970-01-01T00:00:00.000Z',
      {},
    ]);
    expect(await valueOf('return (await Promise.all([1, Promise.resolve(2)])).length')).toBe(2);
  });

  it('sees no host: no modules, network, timers, files or environment', async () => {
    const names = ['process', 'require', 'fetch', 'setTimeout', 'performance', 'WebAssembly', 'Worker', 'navigator'];
    expect(await valueOf(`return [${names.map((name) => `typeof ${name}`).join()}]`)).toEqual(
      names.map(() => 'undefined'),
    );
    expect(await valueOf('return await import("node:fs")')).toMatchObject({ code: 'code_failed' });
    expect(await valueOf('return Object.keys(globalThis)')).toEqual(['console']);
  });

  it('has a clock that stands still in UTC, and random numbers of the seed', async () => {
    const source =
      'return [new Date(), Date.now(), new Date(2026, 0, 1, 5).toISOString(), Math.random(), Math.random()]';
    const first = (await valueOf(source)) as unknown[];
    expect(first.slice(0, 3)).toEqual(['2026-07-01T12:00:00.000Z', 1_782_907_200_000, '2026-01-01T05:00:00.000Z']);
    expect(first[3]).not.toBe(first[4]);
    expect(await valueOf(source)).toEqual(first);
    expect(((await valueOf(source, { seed: 'other' })) as unknown[])[3]).not.toBe(first[3]);
  });

  it('starts anew each time: nothing is left of what ran before', async () => {
    await run('globalThis.left = 1; Array.prototype.push = null; Object.prototype.left = 2; return 0;');
    expect(await valueOf('return [typeof left, typeof [].push, typeof {}.left]')).toEqual([
      'undefined',
      'function',
      'undefined',
    ]);
  });

  it('tells errors with line and column of the source, and no paths of the host', async () => {
    const thrown = await run('const a = {};\nfunction f() {\n  return a.b.c;\n}\nreturn f();');
    expect(thrown).toMatchObject({
      error: { code: 'code_failed', message: expect.stringContaining('(line 3, column ') },
    });
    expect(thrown.console).toEqual([
      { level: 'error', text: expect.stringMatching(/^Uncaught TypeError.*\n.*f line 3:/) },
    ]);
    expect(JSON.stringify(thrown)).not.toMatch(/prelude|\/|wasm/);
    expect(await valueOf('let x = 1;\nlet y = ;')).toMatchObject({
      code: 'code_syntax',
      message: expect.stringContaining('(line 2, column 9)'),
    });
    expect(await valueOf('throw { code: 7 }')).toMatchObject({ message: '{"code":7}' });
  });

  it.each([
    ['return () => 1', 'a function, which has no JSON'],
    ['return Symbol()', 'a symbol, which has no JSON'],
    ['return 1n', 'BigInt'],
    ['const a = []; a[0] = a; return a', 'circular'],
  ])('refuses what is not JSON: %s', async (source, message) => {
    expect(await valueOf(source)).toMatchObject({ code: 'code_failed', message: expect.stringContaining(message) });
  });

  it('keeps what was printed, up to a bound', async () => {
    const { console: lines } = await run('console.log("n", { a: [1] }, null); console.warn(new Error("e"));');
    expect(lines).toEqual([
      { level: 'log', text: 'n {"a":[1]} null' },
      { level: 'warn', text: 'Error: e' },
    ]);
    const many = await run('for (let i = 0; i < 1e4; i++) console.log(i)');
    expect(many.console).toHaveLength(101);
    expect(many.console.at(-1)).toEqual({ level: 'warn', text: '[more was written than is kept]' });
    const long = await run('for (let i = 0; i < 9; i++) console.log("x".repeat(5000))');
    expect(long.console.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(16_500);
  });
});

describe('hostile code', () => {
  it.each([...HOSTILE_CODE])('%s ends as it should, and the next call runs', async (_what, { source, ends }) => {
    const result = await run(source, { timeMs: 150 });
    expect([...ends, 'code_timeout']).toContain(result.ok ? null : result.error.code);
    expect(await valueOf('return 1')).toBe(1);
  });

  it.each([
    ['a loop', 'for (;;);'],
    ['a loop of the engine that never looks at the clock', 'return [].indexOf.call({ length: 2 ** 53 - 1 }, 1);'],
    ['promises', 'for (;;) await null;'],
    ['catching', 'for (;;) { try { for (;;); } catch { 0; } finally { for (;;); } }'],
    ['a result', 'return { toJSON() { for (;;); } };'],
    ['a pattern', 'return /^(a+)+$/.test("a".repeat(50) + "b");'],
  ])(
    'without an end (%s) is stopped less than 200 ms after its time',
    async (_what, source) => {
      await run('return 1');
      let over = Number.POSITIVE_INFINITY;
      // The machine may be busy with something else at each single time, but not at all of them.
      for (let time = 0; time < 20 && over >= 200; time++) {
        const beganMs = performance.now();
        expect(await valueOf(source, { timeMs: 100 })).toMatchObject({ code: 'code_timeout' });
        over = Math.min(over, performance.now() - beganMs - 100);
      }
      expect(over).toBeLessThan(200);
    },
    60_000,
  );

  it('of one tenant leaves a thread to the others, who run meanwhile', async () => {
    const stop = new AbortController();
    const runaways = [0, 1, 2].map(() => sandbox.run(callOf('for (;;);', { timeMs: 600_000 }), stop.signal));
    for (let n = 0; n < 5; n++) expect(await valueOf('return 1', { tenant: 'b' })).toBe(1);
    stop.abort();
    for (const result of await Promise.all(runaways)) {
      expect(result).toMatchObject({ error: { code: 'code_unavailable' } });
    }
  });

  it('of one flow has turns with the other flows of its tenant, however much of it waits', async () => {
    const order: string[] = [];
    const noted = (lane: string): Promise<unknown> => run('return 1', { lane }).then(() => order.push(lane));
    const stop = new AbortController();
    const first = sandbox.run(callOf('for (;;);', { timeMs: 600_000 }), stop.signal);
    const waiting = ['one', 'one', 'one', 'one', 'two', 'three', 'two'].map(noted);
    stop.abort();
    await Promise.all([first, ...waiting]);
    expect(order).toEqual(['one', 'two', 'three', 'one', 'two', 'one', 'one']);
  });
});

describe('threads', () => {
  it('are replaced after some calls', async () => {
    const few = new CodeSandbox({ threads: 1, callsPerThread: 2 });
    const results = await Promise.all(Array.from({ length: 5 }, (_, n) => few.run(callOf(`return ${n}`))));
    expect(results.map((result) => result.ok && result.json)).toEqual(['0', '1', '2', '3', '4']);
    await few.close();
  });

  it('stop at a shutdown: what runs and what waits ends without a result', async () => {
    const one = new CodeSandbox({ threads: 1 });
    const calls = [one.run(callOf('for (;;);', { timeMs: 600_000 })), one.run(callOf('return 1'))];
    await one.close();
    for (const result of await Promise.all([...calls, one.run(callOf('return 1'))])) {
      expect(result).toMatchObject({ ok: false, error: { code: 'code_unavailable' } });
    }
  });

  it('stop for one caller who goes away', async () => {
    const leaving = new AbortController();
    const calls = [0, 1].map(() => sandbox.run(callOf('for (;;);', { timeMs: 600_000 }), leaving.signal));
    leaving.abort();
    for (const result of await Promise.all(calls))
      expect(result).toMatchObject({ error: { code: 'code_unavailable' } });
    expect(await valueOf('return 1')).toBe(1);
  });
});
