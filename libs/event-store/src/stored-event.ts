import type { Topic } from '@sluice/contracts';
import type { EventMeta, Position, StoredEvent } from './event-store.contract.ts';

/** Everything of a StoredEvent but the parsed `data`. */
export type StoredEventFields = Omit<StoredEvent, 'data'>;

/**
 * A StoredEvent whose `data` is parsed from `dataJson` when it is first asked for, and then kept. The getter is the
 * object's own, so that a spread copy carries `data` along.
 */
export function storedEvent(fields: StoredEventFields): StoredEvent {
  let parsed: unknown;
  let isParsed = false;
  return {
    topic: fields.topic,
    position: fields.position,
    streamId: fields.streamId,
    version: fields.version,
    partitionKey: fields.partitionKey,
    type: fields.type,
    typeVersion: fields.typeVersion,
    appId: fields.appId,
    dataJson: fields.dataJson,
    get data() {
      if (!isParsed) {
        parsed = JSON.parse(fields.dataJson);
        isParsed = true;
      }
      return parsed;
    },
    meta: fields.meta,
    occurredAt: fields.occurredAt,
    body: fields.body,
  };
}

/** One row as `eventColumns` selects it, in node-pg's array mode. */
export type EventRow = [
  epoch: number,
  xid: string,
  position: string,
  streamId: string,
  version: number,
  partitionKey: string | null,
  type: string,
  typeVersion: number,
  appId: string | null,
  dataJson: string,
  metaJson: string,
  occurredAt: Date,
  body: Buffer | null,
];

/**
 * The select list of an event table under an alias. The transaction id is cast under another name: `order by
 * transaction_id` beside a text output column of that name would sort by the text, wrongly and over the whole table.
 */
export function eventColumns(alias: string): string {
  const names = 'stream_id, version, partition_key, type, type_version, app_id, data, meta, occurred_at'.split(', ');
  return [
    `${alias}.epoch`,
    `${alias}.transaction_id::text as xid`,
    `${alias}.position`,
    ...names.map((name) => `${alias}.${name}`),
  ].join(', ');
}

/** The body of an event as a scalar subquery: always an index lookup, and none for events without a body. */
export function bodyColumn(alias: string, bodies: string): string {
  return `case when ${alias}.body_size is not null then (select b.bytes from ${bodies} b
    where b.stream_id = ${alias}.stream_id and b.version = ${alias}.version) end as body`;
}

export function eventOfRow(topic: Topic, row: EventRow): StoredEvent {
  const [epoch, xid, position, streamId, version, partitionKey, type, typeVersion, appId, dataJson] = row;
  return storedEvent({
    topic,
    position: { epoch, transactionId: BigInt(xid), position: BigInt(position) } satisfies Position,
    streamId,
    version,
    partitionKey: partitionKey ?? streamId,
    type,
    typeVersion,
    appId,
    dataJson,
    meta: JSON.parse(row[10]) as EventMeta,
    occurredAt: row[11],
    body: row[12],
  });
}
