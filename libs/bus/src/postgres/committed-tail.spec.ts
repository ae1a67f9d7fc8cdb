import { newId } from '@sluice/contracts';
import { type Position, type StoredEvent, storedEvent } from '@sluice/event-store';
import { describe, expect, it } from 'vitest';
import { CommittedTail } from './committed-tail.ts';

function at(position: number, more: { epoch?: number; bytes?: number } = {}): StoredEvent {
  return storedEvent({
    topic: 'gateway.events',
    position: { epoch: more.epoch ?? 1, transactionId: BigInt(1_000 + position), position: BigInt(position) },
    streamId: newId(),
    version: 1,
    partitionKey: 'key',
    type: 'A',
    typeVersion: 1,
    appId: null,
    dataJson: 'x'.repeat(more.bytes ?? 10),
    meta: { correlationId: newId(), causationId: null },
    occurredAt: new Date(),
    body: null,
  });
}

const range = (from: number, to: number): StoredEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => at(from + index));
const place = (position: number): Position => at(position).position;
const numbers = (events: readonly StoredEvent[] | null): number[] | null =>
  events && events.map((each) => Number(each.position.position));

const LIMITS = { events: 10, bytes: 1_000_000 };

describe('CommittedTail', () => {
  it('hands over what follows a position it knows, up to the limit', () => {
    const tail = new CommittedTail(LIMITS);
    tail.push(range(5, 9));
    expect(numbers(tail.after(place(6), 10))).toEqual([7, 8, 9]);
    expect(numbers(tail.after(place(5), 2))).toEqual([6, 7]);
    expect(tail.after(place(9), 10)).toEqual([]);
  });

  it('sends a reader to the table that stands before the first event it knows: others may lie between', () => {
    const tail = new CommittedTail(LIMITS);
    expect(tail.after(place(1), 10)).toBeNull();
    tail.push(range(5, 9));
    expect(tail.after(place(4), 10)).toBeNull();
  });

  it('sends a reader that fell behind the limit to the table, and takes it back where it meets the tail', () => {
    const tail = new CommittedTail(LIMITS);
    tail.push(range(1, 25));
    expect(tail.size).toBe(10);
    expect(tail.after(place(14), 10)).toBeNull();
    expect(numbers(tail.after(place(15), 3))).toEqual([16, 17, 18]);
  });

  it('is bounded in bytes too', () => {
    const tail = new CommittedTail({ events: 1_000, bytes: 10_000 });
    tail.push(Array.from({ length: 20 }, (_, index) => at(index + 1, { bytes: 4_000 })));
    expect(tail.size).toBeLessThanOrEqual(2);
    expect(tail.newest?.position).toBe(20n);
  });

  it('a hole in the numbering begins a new tail: a commit whose answer was lost may have filled it', () => {
    const tail = new CommittedTail(LIMITS);
    tail.push(range(1, 3));
    tail.push([at(5)]);
    expect(tail.after(place(3), 10)).toBeNull();
    expect(tail.after(place(2), 10)).toBeNull();
    expect(tail.after(place(5), 10)).toEqual([]);
    tail.push([at(6)]);
    expect(numbers(tail.after(place(5), 10))).toEqual([6]);
  });

  it('a new epoch begins a new tail', () => {
    const tail = new CommittedTail(LIMITS);
    tail.push(range(1, 3));
    tail.push([at(4, { epoch: 2 })]);
    expect(tail.after(place(3), 10)).toBeNull();
  });

  it('forgets what every reader has passed but for a few, and still meets a reader that is up to date', () => {
    const tail = new CommittedTail({ events: 5_000, bytes: 100_000_000 });
    tail.push(range(1, 3_000));
    tail.trim(place(2_900));
    expect(tail.size).toBeLessThan(400);
    expect(tail.after(place(2_000), 10)).toBeNull();
    expect(numbers(tail.after(place(2_998), 10))).toEqual([2_999, 3_000]);
    tail.trim(place(3_000));
    expect(tail.after(place(3_000), 10)).toEqual([]);
  });

  it('keeps the newest alone while nobody can take from it, and is met again there', () => {
    const tail = new CommittedTail({ events: 5_000, bytes: 100_000_000 });
    expect(tail.meets(place(1))).toBe(false);
    tail.push(range(1, 3_000));
    tail.keepNewest(500);
    expect([tail.size, tail.meets(place(2_499)), tail.meets(place(2_500))]).toEqual([500, false, true]);
    expect(tail.after(place(2_000), 10)).toBeNull();
    expect(numbers(tail.after(place(2_500), 2))).toEqual([2_501, 2_502]);
    tail.trim(place(3_000), 400);
    expect([tail.size, tail.meets(place(2_600))]).toEqual([400, true]);
  });
});
