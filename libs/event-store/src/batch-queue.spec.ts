import { describe, expect, it } from 'vitest';
import { BatchQueue } from './batch-queue.ts';
import type { PendingUnit, PreparedEvent } from './pending-unit.ts';

const NONE: ReadonlySet<string> = new Set();

function unit(name: string, more: Partial<PendingUnit> & { count?: number } = {}): PendingUnit {
  const { count = 1, ...rest } = more;
  return {
    events: Array.from({ length: count }, () => ({ streamId: name }) as PreparedEvent),
    alongside: [],
    alone: undefined,
    streams: [name],
    alongsideRows: 0,
    bytes: 10,
    dueAt: 0,
    deadlineAt: 1000,
    losses: 0,
    settled: false,
    resolve: () => undefined,
    reject: () => undefined,
    ...rest,
  };
}
const namesOf = (units: readonly PendingUnit[]) => units.map(({ streams }) => streams.join('+'));

function queueOf(units: readonly PendingUnit[], maxRows = 4, maxBytes = 1000): BatchQueue {
  const queue = new BatchQueue({ maxRows, maxBytes });
  for (const one of units) queue.push(one);
  return queue;
}

describe('a batch', () => {
  it('takes units in their order until its rows or bytes are full', () => {
    const queue = queueOf(['a', 'b', 'c', 'd', 'e'].map((name) => unit(name)));
    expect(namesOf(queue.take(NONE))).toEqual(['a', 'b', 'c', 'd']);
    expect(namesOf(queue.take(NONE))).toEqual(['e']);
    expect(queue.take(NONE)).toEqual([]);
    const heavy = queueOf([unit('a', { bytes: 600 }), unit('b', { bytes: 600 }), unit('c')]);
    expect(namesOf(heavy.take(NONE))).toEqual(['a']);
    expect(namesOf(heavy.take(NONE))).toEqual(['b', 'c']);
  });

  it('takes a unit that is bigger than any batch by itself', () => {
    const queue = queueOf([unit('a'), unit('big', { count: 9 }), unit('c')]);
    expect(namesOf(queue.take(NONE))).toEqual(['a']);
    expect(namesOf(queue.take(NONE))).toEqual(['big']);
    expect(namesOf(queue.take(NONE))).toEqual(['c']);
  });

  it('lets rows that ride along outnumber the events, but not without bound', () => {
    const queue = queueOf([unit('a', { alongsideRows: 20 }), unit('b', { alongsideRows: 20 })]);
    expect(namesOf(queue.take(NONE))).toEqual(['a']);
    expect(namesOf(queue.take(NONE))).toEqual(['b']);
  });

  it('never holds two appends to one stream, and later units of a stream do not overtake', () => {
    const queue = queueOf([unit('a'), unit('a'), unit('a+b', { streams: ['a', 'b'] }), unit('b'), unit('c')]);
    expect(namesOf(queue.take(NONE))).toEqual(['a', 'c']);
    expect(namesOf(queue.take(NONE))).toEqual(['a']);
    expect(namesOf(queue.take(NONE))).toEqual(['a+b']);
    expect(namesOf(queue.take(NONE))).toEqual(['b']);
  });

  it('leaves alone what appends to a stream that is on its way', () => {
    const queue = queueOf([unit('a'), unit('b')]);
    expect(namesOf(queue.take(new Set(['a'])))).toEqual(['b']);
    expect(queue.take(new Set(['a']))).toEqual([]);
    expect(namesOf(queue.take(NONE))).toEqual(['a']);
  });

  it('is a unit with SQL of its own, or none of those', () => {
    const alone = async () => undefined;
    const queue = queueOf([unit('a'), unit('b', { alone }), unit('c'), unit('d', { alone })]);
    expect(namesOf(queue.take(NONE))).toEqual(['a']);
    expect(namesOf(queue.take(NONE))).toEqual(['b']);
    expect(namesOf(queue.take(NONE))).toEqual(['c']);
    expect(namesOf(queue.take(NONE))).toEqual(['d']);
  });

  it('begins with what was put back, and forgets what was answered meanwhile', () => {
    const queue = queueOf([unit('c'), unit('gone', { settled: true }), unit('d')]);
    queue.putBack([unit('a'), unit('b')]);
    expect(namesOf(queue.take(NONE))).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('what waits', () => {
  it('is counted in events and bytes, without what was answered', () => {
    const late = unit('b', { count: 3, bytes: 70 });
    const queue = queueOf([unit('a', { bytes: 30 }), late]);
    expect([queue.events, queue.bytes, queue.units]).toEqual([4, 100, 2]);
    late.settled = true;
    queue.dropSettled();
    expect([queue.events, queue.bytes, queue.units]).toEqual([1, 30, 1]);
    queue.take(NONE);
    expect([queue.events, queue.bytes, queue.units, queue.dueAt]).toEqual([0, 0, 0, Number.POSITIVE_INFINITY]);
  });

  it('is due with its most urgent unit, and at once when a batch is full', () => {
    const queue = queueOf([unit('a', { dueAt: 500 }), unit('b', { dueAt: 200 })]);
    expect(queue.dueAt).toBe(200);
    queue.push(unit('c', { dueAt: 900, count: 2 }));
    expect(queue.dueAt).toBe(0);
  });
});
