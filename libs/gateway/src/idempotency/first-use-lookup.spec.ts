import { describe, expect, it } from 'vitest';
import { FirstUseLookup } from './first-use-lookup.ts';
import type { FirstUse } from './idempotency-keys.ts';

const first = (runId: string): FirstUse => ({
  runId,
  fingerprint: Buffer.alloc(32),
  waits: false,
  acceptedAt: new Date(0),
});

function lookup(known: Record<string, FirstUse>, clock = { now: 0 }) {
  const statements: string[][] = [];
  const find = (keys: readonly Buffer[]) => {
    const names = keys.map((key) => key.toString('latin1'));
    statements.push(names);
    return Promise.resolve(new Map(names.flatMap((name) => (known[name] ? [[name, known[name]] as const] : []))));
  };
  return { statements, clock, looking: new FirstUseLookup(find, { forMs: 1_000, now: () => clock.now }) };
}

describe('GW-05: keys that memory has lost', () => {
  it('are looked for only after a conflict, and as long as there are more', async () => {
    const { looking, clock } = lookup({ a: first('r1') });
    expect(looking.isWorthwhile).toBe(false);
    looking.conflicted();
    clock.now = 999;
    expect(looking.isWorthwhile).toBe(true);
    expect(await looking.find(Buffer.from('a'))).toMatchObject({ runId: 'r1' });
    clock.now = 1_998;
    expect(looking.isWorthwhile).toBe(true);
    expect(await looking.find(Buffer.from('b'))).toBeNull();
    clock.now = 1_999;
    expect(looking.isWorthwhile).toBe(false);
  });

  it('go together: what is asked for while a statement is under way is in the next one', async () => {
    const { looking, statements } = lookup({ k3: first('r3') });
    const found = await Promise.all(Array.from({ length: 1_200 }, (_, n) => looking.find(Buffer.from(`k${n}`))));
    expect(found.filter((each) => each !== null)).toMatchObject([{ runId: 'r3' }]);
    expect(statements.map((keys) => keys.length)).toEqual([1, 500, 500, 199]);
  });

  it('that cannot be looked for are told to those who asked, and the next are looked for again', async () => {
    let away = true;
    const find = () => (away ? Promise.reject(new Error('away')) : Promise.resolve(new Map([['k', first('r')]])));
    const looking = new FirstUseLookup(find, { forMs: 1_000, now: () => 0 });
    const both = await Promise.allSettled([looking.find(Buffer.from('k')), looking.find(Buffer.from('k'))]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    away = false;
    expect(await looking.find(Buffer.from('k'))).toMatchObject({ runId: 'r' });
  });
});
