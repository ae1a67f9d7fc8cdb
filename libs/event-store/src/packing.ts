import type { Topic } from '@sluice/contracts';
import type { EventMeta, Position, StoredEvent } from './event-store.contract.ts';
import { topicTables } from './event-tables.ts';
import type { PreparedEvent } from './pending-unit.ts';
import { comparePositions } from './position.ts';
import { type EventRow, eventOfRow, storedEvent } from './stored-event.ts';

/** Most events of a row: a reader that begins within one looks for it among so many versions. */
export const MOST_PACKED = 16;
/** Most characters of data of a row of several events: whoever wants one of them reads them all. */
const MOST_PACKED_CHARS = 65_536;

/** The events of one row, at least one, of consecutive versions. */
export type PackedEvents = readonly [PreparedEvent, ...PreparedEvent[]];

/** One event of a row: type, version of the type, milliseconds after the row's time, characters of its data, key. */
type Head = [type: string, typeVersion: number, afterMs: number, length: number, partitionKey?: string];

function follows(last: PreparedEvent, next: PreparedEvent): boolean {
  return (
    next.streamId === last.streamId &&
    next.version === last.version + 1 &&
    next.appId === last.appId &&
    next.metaJson === last.metaJson &&
    next.body === null &&
    last.body === null
  );
}

/** Puts the events of a topic, in stream order, into rows. Events of one stream in a batch are always of one unit. */
export function rowsOf(topic: Topic, events: readonly PreparedEvent[]): PackedEvents[] {
  if (!topicTables(topic).packed) return events.map((event) => [event]);
  const rows: [PreparedEvent, ...PreparedEvent[]][] = [];
  let row: [PreparedEvent, ...PreparedEvent[]] | undefined;
  let chars = 0;
  for (const event of events) {
    chars += event.dataJson.length;
    if (row && row.length < MOST_PACKED && chars <= MOST_PACKED_CHARS && follows(lastOf(row), event)) {
      row.push(event);
    } else {
      row = [event];
      rows.push(row);
      chars = event.dataJson.length;
    }
  }
  return rows;
}

/** The event whose type, time and position are the row's. */
export function lastOf(row: PackedEvents): PreparedEvent {
  return row[row.length - 1] as PreparedEvent;
}

/** The data of a row: of several events a JSON array. */
export function dataOf(row: PackedEvents): string {
  if (row.length === 1) return row[0].dataJson;
  return `[${row.map(({ dataJson }) => dataJson).join(',')}]`;
}

/** What takes a row of several events apart again; null for one event. */
export function headsOf(row: PackedEvents): string | null {
  if (row.length === 1) return null;
  const at = lastOf(row).occurredAt.getTime();
  const heads = row.map(({ type, typeVersion, occurredAt, dataJson, partitionKey }): Head => {
    const head: Head = [type, typeVersion, occurredAt.getTime() - at, dataJson.length];
    if (partitionKey !== null) head.push(partitionKey);
    return head;
  });
  return JSON.stringify(heads);
}

/** The positions of a row's events: the row has the last one's, and those before it were drawn for it, too. */
export function positionWithin(last: Position, count: number, index: number): Position {
  return { ...last, position: last.position - BigInt(count - 1 - index) };
}

/** The events of one row as `eventColumns` selects it, in order. */
export function eventsOfRow(topic: Topic, row: EventRow): StoredEvent[] {
  const heads = row[13];
  if (typeof heads !== 'string') return [eventOfRow(topic, row)];
  const [epoch, xid, place, streamId, version, , , , appId, data, metaJson, at] = row;
  const last = { epoch, transactionId: BigInt(xid), position: BigInt(place) };
  const meta = JSON.parse(metaJson) as EventMeta;
  const parsed = JSON.parse(heads) as Head[];
  let from = 1;
  return parsed.map(([type, typeVersion, afterMs, length, partitionKey], index) => {
    const dataJson = data.slice(from, from + length);
    from += length + 1;
    return storedEvent({
      topic,
      position: positionWithin(last, parsed.length, index),
      streamId,
      version: version + index,
      partitionKey: partitionKey ?? streamId,
      type,
      typeVersion,
      appId,
      dataJson,
      meta,
      occurredAt: new Date(at.getTime() + afterMs),
      body: null,
    });
  });
}

/** The events of rows that `readAfterSql` found: what is up to the position in its row is left out, as is what exceeds the limit. */
export function eventsAfter(topic: Topic, rows: readonly EventRow[], after: Position, limit: number): StoredEvent[] {
  if (!topicTables(topic).packed) return rows.map((row) => eventOfRow(topic, row));
  const events = rows.flatMap((row) => eventsOfRow(topic, row));
  const first = events.findIndex(({ position }) => comparePositions(position, after) > 0);
  return first === -1 ? [] : events.slice(first, first + limit);
}

/** The events of a stream's rows that `readStreamSql` found, from a version. @param limit null: all of them. */
export function eventsFrom(
  topic: Topic,
  rows: readonly EventRow[],
  version: number,
  limit: number | null,
): StoredEvent[] {
  const events = rows.flatMap((row) => eventsOfRow(topic, row)).filter((event) => event.version >= version);
  return limit === null ? events : events.slice(0, limit);
}
