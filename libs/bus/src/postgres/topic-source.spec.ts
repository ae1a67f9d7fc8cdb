import { newId } from '@sluice/contracts';
import { type EventStorePort, type Position, type StoredEvent, storedEvent } from '@sluice/event-store';
import { describe, expect, it } from 'vitest';
import { TopicSource } from './topic-source.ts';

const TOPIC = 'gateway.events';
const place = (position: number): Position => ({
  epoch: 1,
  transactionId: BigInt(position),
  position: BigInt(position),
});

function range(from: number, to: number): StoredEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) =>
    storedEvent({
      topic: TOPIC,
      position: place(from + index),
      streamId: newId(),
      version: 1,
      partitionKey: 'key',
      type: 'A',
      typeVersion: 1,
      appId: null,
      dataJson: '{}',
      meta: { correlationId: newId(), causationId: null },
      occurredAt: new Date(),
      body: null,
    }),
  );
}

/** A source whose table holds everything up to `newest`, and how often the table was read. */
function sourceOver(table: StoredEvent[]): { source: TopicSource; tableReads: () => number } {
  let reads = 0;
  const readAfter = async (_: string, after: Position | null, limit: number): Promise<StoredEvent[]> => {
    reads++;
    const from = after ? table.findIndex((each) => each.position.position > after.position) : 0;
    return from < 0 ? [] : table.slice(from, from + limit);
  };
  const store = { readAfter, head: async () => table.at(-1)?.position ?? null } as unknown as EventStorePort;
  return { source: new TopicSource(TOPIC, store, true, 1_000), tableReads: () => reads };
}

/** Reads with this reader until nothing is left; the positions it saw. */
async function readOn(source: TopicSource, reader: object, from: number, limit: number): Promise<number[]> {
  const seen: number[] = [];
  for (let at = from; ; at = seen.at(-1) as number) {
    const events = await source.next(place(at), limit, false);
    if (events.length === 0) return seen;
    seen.push(...events.map((each) => Number(each.position.position)));
    source.passed(reader, place(seen.at(-1) as number));
  }
}

describe('TopicSource', () => {
  it('a reader that was left behind gets every event once, by the table and then by the hand-over', async () => {
    const all = range(1, 5_000);
    const { source, tableReads } = sourceOver(all);
    const reader = {};
    source.passed(reader, place(0));
    for (let at = 0; at < all.length; at += 100) source.committed(all.slice(at, at + 100));
    const seen = await readOn(source, reader, 0, 200);
    expect(seen).toEqual(all.map((each) => Number(each.position.position)));
    const reads = tableReads();
    expect(reads).toBeGreaterThan(0);
    // The last 500 came from memory.
    expect(reads).toBeLessThanOrEqual(23);
  });

  it('one that keeps up needs no table, whoever else is behind', async () => {
    const all = range(1, 3_000);
    const { source, tableReads } = sourceOver(all);
    const [quick, slow] = [{}, {}];
    source.passed(quick, place(1));
    source.passed(slow, place(0));
    source.committed(all.slice(0, 2));
    const seen: number[] = [];
    for (let at = 2; at < all.length; at += 50) {
      source.committed(all.slice(at, at + 50));
      seen.push(...(await readOn(source, quick, seen.at(-1) ?? 1, 200)));
    }
    expect(tableReads()).toBe(0);
    expect(seen.length).toBe(2_999);
    expect((await readOn(source, slow, 0, 200)).length).toBe(3_000);
  });
});
