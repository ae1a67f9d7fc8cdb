import type { Topic } from '@sluice/contracts';
import type { EventMeta, Position, StoredEvent } from './event-store.contract.ts';

/** Everything of a StoredEvent but the parsed `data`. */
export type StoredEventFields = Omit<StoredEvent, 'data'>;

/** Stands for `data` that nobody has asked for yet: null and undefined are values of JSON and of a mistake. */
const UNPARSED = Symbol('unparsed');

/**
 * A class and not an object literal with a getter: such a literal gets a hidden class of its own each time and ends as
 * a hash table of 1,185 bytes, 1.7 µs to make and slow to read (this one: 136 bytes, 0.02 µs). With thousands of events
 * in the hand-over that was most of what the garbage collector copied.
 */
class ReadEvent implements StoredEvent {
  readonly topic: Topic;
  readonly position: Position;
  readonly streamId: string;
  readonly version: number;
  readonly partitionKey: string;
  readonly type: string;
  readonly typeVersion: number;
  readonly appId: string | null;
  readonly dataJson: string;
  readonly meta: EventMeta;
  readonly occurredAt: Date;
  readonly body: Buffer | null;
  #data: unknown = UNPARSED;

  constructor(fields: StoredEventFields) {
    this.topic = fields.topic;
    this.position = fields.position;
    this.streamId = fields.streamId;
    this.version = fields.version;
    this.partitionKey = fields.partitionKey;
    this.type = fields.type;
    this.typeVersion = fields.typeVersion;
    this.appId = fields.appId;
    this.dataJson = fields.dataJson;
    this.meta = fields.meta;
    this.occurredAt = fields.occurredAt;
    this.body = fields.body;
  }

  get data(): unknown {
    if (this.#data === UNPARSED) this.#data = JSON.parse(this.dataJson);
    return this.#data;
  }
}

/**
 * A StoredEvent whose `data` is parsed from `dataJson` when it is first asked for, and then kept. It is not the
 * object's own: a spread copy is without it, so a copy is made of the fields by this function again.
 */
export function storedEvent(fields: StoredEventFields): StoredEvent {
  return new ReadEvent(fields);
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
  /** Only of topics whose rows may hold several events, and null where one does not. */
  heads?: string | null,
];

/**
 * The select list of an event table under an alias. The transaction id is cast under another name: `order by
 * transaction_id` beside a text output column of that name would sort by the text, wrongly and over the whole table.
 * @param data SQL of the data, where not all of it is wanted
 */
export function eventColumns(alias: string, data = `${alias}.data`): string {
  const of = (names: string): string[] => names.split(', ').map((name) => `${alias}.${name}`);
  return [
    `${alias}.epoch`,
    `${alias}.transaction_id::text as xid`,
    `${alias}.position`,
    ...of('stream_id, version, partition_key, type, type_version, app_id'),
    `${data} as data`,
    ...of('meta, occurred_at'),
  ].join(', ');
}

/** The body of an event as a scalar subquery: always an index lookup, and none for events without a body. */
export function bodyColumn(alias: string, bodies: string): string {
  return `case when ${alias}.body_size is not null then (select b.bytes from ${bodies} b
    where b.stream_id = ${alias}.stream_id and b.version = ${alias}.version) end as body`;
}

/** A row of one event; packing.ts has `eventsOfRow` for all. */
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
