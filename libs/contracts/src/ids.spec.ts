import { describe, expect, it, vi } from 'vitest';
import { causeAt, derivedId, firstIdAt, isUuid, newId, timeOfId } from './ids.ts';

const variantOf = (id: string) => id[19];

describe('a new id', () => {
  it('is a UUIDv7 that carries its time and differs from every other one', () => {
    const at = Date.parse('2026-11-22T10:20:30.456Z');
    const ids = Array.from({ length: 1000 }, () => newId(at));
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) {
      expect(isUuid(id)).toBe(true);
      expect(id[14]).toBe('7');
      expect('89ab').toContain(variantOf(id));
      expect(timeOfId(id)).toBe(at);
    }
  });

  it('carries the time now unless told otherwise', () => {
    const before = Date.now();
    const time = timeOfId(newId());
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('sorts behind every id of an earlier millisecond, as text and so as a uuid', () => {
    const start = Date.parse('2026-11-22T00:00:00Z');
    const ids = Array.from({ length: 300 }, (_, index) => newId(start + index * 7));
    expect(ids.toSorted()).toEqual(ids);
  });

  it('GW-10: sorts behind the one before it, however many a millisecond sees and wherever the clock goes', () => {
    const clock = vi.spyOn(Date, 'now');
    const startMs = Date.now() + 60_000;
    const readings = [startMs, startMs + 1, startMs - 5_000, startMs + 2, startMs + 10_000];
    const ids = readings.flatMap((ms) => {
      clock.mockReturnValue(ms);
      return Array.from({ length: 5_000 }, () => newId());
    });
    clock.mockRestore();
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(ids.map((id) => id[14] + (variantOf(id) as string).replace(/[89ab]/, 'v')))).toEqual(
      new Set(['7v']),
    );
    expect(timeOfId(ids.at(-1) as string) - startMs).toBeLessThan(10_010);
  });

  it('carries any time of 48 bits, to the millisecond', () => {
    for (const time of [0, 1, 2 ** 31, 2 ** 32 + 5, 2 ** 48 - 1]) expect(timeOfId(newId(time))).toBe(time);
  });
});

describe('a derived id', () => {
  const cause = newId(Date.parse('2026-11-20T23:59:59.999Z'));

  it('is the same for the same cause and target, so a redelivery finds its work done', () => {
    expect(derivedId('delivery', cause, 'endpoint')).toBe(derivedId('delivery', cause, 'endpoint'));
    expect(derivedId('delivery', cause.toUpperCase(), 'endpoint')).toBe(derivedId('delivery', cause, 'endpoint'));
  });

  it("is a UUIDv8 that carries its cause's time, so both live in one partition", () => {
    const id = derivedId('delivery', cause, 'endpoint');
    expect(isUuid(id)).toBe(true);
    expect(id[14]).toBe('8');
    expect('89ab').toContain(variantOf(id));
    expect(timeOfId(id)).toBe(timeOfId(cause));
    expect(timeOfId(derivedId('attempt', id, '1'))).toBe(timeOfId(cause));
  });

  it('differs by kind, cause, target and replay: a replay is not swallowed as already done', () => {
    const other = newId(timeOfId(cause));
    const ids = [
      derivedId('delivery', cause, 'endpoint'),
      derivedId('attempt', cause, 'endpoint'),
      derivedId('delivery', other, 'endpoint'),
      derivedId('delivery', cause, 'endpoint 2'),
      derivedId('delivery', cause, 'endpoint', 'replay 1'),
      derivedId('delivery', cause, 'endpoint', 'replay 2'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('cannot be forged by moving text from one part into the next', () => {
    expect(derivedId('a', cause, 'b","c')).not.toBe(derivedId('a', cause, 'b', 'c'));
    expect(derivedId('ab', cause, 'c')).not.toBe(derivedId('a', cause, 'bc'));
  });
});

describe('what counts as a uuid', () => {
  it('is the canonical text of any version and case, and nothing else', () => {
    expect(isUuid(newId())).toBe(true);
    expect(isUuid(newId().toUpperCase())).toBe(true);
    for (const text of ['', 'x', newId().replaceAll('-', ''), `${newId()} `, `{${newId()}}`, null, undefined, 7, {}]) {
      expect(isUuid(text)).toBe(false);
    }
  });
});

describe('what comes of a cause', () => {
  const DAY_MS = 86_400_000;

  it('within a day has the id that it derives from the cause', () => {
    const cause = newId(Date.now());
    expect(causeAt(cause, Date.now() + DAY_MS - 1_000)).toBe(cause);
  });

  it('later carries its own time, and is the same however often it is derived', () => {
    const cause = newId(Date.parse('2026-01-01T00:00:00Z'));
    const at = Date.parse('2026-03-05T06:07:08.009Z');
    expect(timeOfId(derivedId('event', causeAt(cause, at), 'a'))).toBe(at);
    expect(causeAt(cause, at)).toBe(causeAt(cause, at));
    expect(causeAt(cause, at)).not.toBe(causeAt(newId(Date.parse('2026-01-01T00:00:00Z')), at));
    expect(isUuid(causeAt(cause, at))).toBe(true);
  });
});

it('the first id of a time is not behind any id of it, and behind all of the millisecond before', () => {
  const at = Date.parse('2026-03-05T00:00:00Z');
  expect(firstIdAt(at) <= newId(at)).toBe(true);
  expect(firstIdAt(at) > newId(at - 1)).toBe(true);
  expect(firstIdAt(-5)).toBe('00000000-0000-0000-0000-000000000000');
});
