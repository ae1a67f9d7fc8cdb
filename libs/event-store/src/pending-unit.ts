import { isUuid, type Topic } from '@sluice/contracts';
import type { Alongside, CommitUnit, Committed, EventMeta, NewEvent, StreamAppend } from './event-store.contract.ts';
import { InvalidAppendError, VersionConflictError } from './event-store.errors.ts';

/** A new event as it is sent: everything is checked and turned into text, so that later changes to it do not matter. */
export interface PreparedEvent {
  topic: Topic;
  streamId: string;
  version: number;
  /** The version that must be stored already; 0 when there is none or it is in the same unit. */
  predecessor: number;
  /** Null when it is the stream id. */
  partitionKey: string | null;
  type: string;
  typeVersion: number;
  appId: string | null;
  dataJson: string;
  metaJson: string;
  meta: EventMeta;
  occurredAt: Date;
  body: Buffer | null;
}

/** A commit that waits, or is on its way. */
export interface PendingUnit {
  events: readonly PreparedEvent[];
  alongside: readonly Alongside[];
  alone: CommitUnit['alone'];
  /** Streams it appends to; one name for each stream of the store. */
  streams: readonly string[];
  alongsideRows: number;
  /** Roughly what it puts on the wire. */
  bytes: number;
  /** When it wants to be sent, in milliseconds of the monotonic clock. */
  dueAt: number;
  /** When its caller is told that the database is away. */
  deadlineAt: number;
  /** How often the connection broke while it was on its way. */
  losses: number;
  /** Its caller has been answered; it must not be sent any more. */
  settled: boolean;
  resolve(committed: Committed): void;
  reject(error: unknown): void;
}

export type PreparedUnit = Pick<PendingUnit, 'events' | 'alongside' | 'alone' | 'streams' | 'alongsideRows' | 'bytes'>;

const ROW_OVERHEAD_BYTES = 100;

function jsonOf(value: unknown, what: string): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw new InvalidAppendError(`${what} cannot be written as JSON`, error);
  }
  if (json === undefined) throw new InvalidAppendError(`${what} is not a JSON value`);
  return json;
}

const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Types and apps, of which there are few, that were found good: each check by the expression costs 0.2 µs. */
const storable = new Set<string>();
const MOST_KNOWN = 1_000;
const LONGEST_KNOWN = 64;

/** NUL is refused by PostgreSQL, a lone surrogate would be stored as another character. JSON escapes both. */
function checkText(text: string, what: string): string {
  if (typeof text !== 'string' || UNSTORABLE.test(text)) {
    throw new InvalidAppendError(`${what} must be well-formed text without NUL`);
  }
  return text;
}

/** The same for text that comes again and again. */
function checkName(text: string, what: string): string {
  if (storable.has(text)) return text;
  checkText(text, what);
  if (storable.size < MOST_KNOWN && text.length <= LONGEST_KNOWN) storable.add(text);
  return text;
}

function typeVersionOf(event: NewEvent): number {
  const typeVersion = event.typeVersion ?? 1;
  if (!Number.isInteger(typeVersion) || typeVersion < 1 || typeVersion > 32_767) {
    throw new InvalidAppendError(`typeVersion of ${event.type} must be an integer from 1 to 32767`);
  }
  return typeVersion;
}

function bodyOf(event: NewEvent): Buffer | null {
  const body = event.body;
  if (body === undefined || body === null) return null;
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function prepareEvent(
  topic: Topic,
  streamId: string,
  version: number,
  predecessor: number,
  event: NewEvent,
  metaJson: string,
): PreparedEvent {
  const partitionKey = event.partitionKey ?? streamId;
  const occurredAt = event.occurredAt ?? new Date();
  if (Number.isNaN(occurredAt.getTime())) throw new InvalidAppendError(`occurredAt of ${event.type} is not a time`);
  return {
    topic,
    streamId,
    version,
    predecessor,
    partitionKey: partitionKey === streamId ? null : checkText(partitionKey, 'partitionKey'),
    type: checkName(event.type, 'type'),
    typeVersion: typeVersionOf(event),
    appId: event.appId === null ? null : checkName(event.appId, 'appId'),
    dataJson: jsonOf(event.data, `data of ${event.type}`),
    metaJson,
    meta: event.meta,
    occurredAt,
    body: bodyOf(event),
  };
}

function checkAppend(append: StreamAppend, topics: readonly Topic[]): Topic {
  const topic = append.topic ?? topics[0];
  if (topic === undefined || !topics.includes(topic))
    throw new InvalidAppendError(`not a topic of this store: ${topic}`);
  if (!isUuid(append.streamId)) throw new InvalidAppendError(`not a stream id: ${append.streamId}`);
  if (!Number.isInteger(append.expectedVersion) || append.expectedVersion < 0) {
    throw new InvalidAppendError(`expectedVersion must be an integer from 0: ${append.expectedVersion}`);
  }
  if (append.events.length === 0) throw new InvalidAppendError(`an append to ${append.streamId} without events`);
  return topic;
}

function prepareAppends(appends: readonly StreamAppend[], topics: readonly Topic[], versions: Map<string, number>) {
  const events: PreparedEvent[] = [];
  // The events of a run share one object: it becomes text once.
  let meta: EventMeta | undefined;
  let metaJson = '';
  for (const append of appends) {
    const topic = checkAppend(append, topics);
    const streamId = append.streamId.toLowerCase();
    // A name that is the id itself need not be put together and hashed once more.
    const key = topic === topics[0] ? streamId : `${topic}/${streamId}`;
    const reached = versions.get(key);
    if (reached !== undefined && reached !== append.expectedVersion) {
      throw new VersionConflictError(streamId, append.expectedVersion, undefined, reached);
    }
    let version = append.expectedVersion;
    for (const event of append.events) {
      const predecessor = reached === undefined && version === append.expectedVersion ? version : 0;
      if (events.length === 0 || event.meta !== meta) metaJson = jsonOf(event.meta, `meta of ${event.type}`);
      meta = event.meta;
      events.push(prepareEvent(topic, streamId, ++version, predecessor, event, metaJson));
    }
    versions.set(key, version);
  }
  return events;
}

function sizeOf(events: readonly PreparedEvent[], alongside: readonly Alongside[]): number {
  let bytes = 0;
  for (const event of events) {
    bytes += event.dataJson.length + event.metaJson.length + (event.body?.length ?? 0) + ROW_OVERHEAD_BYTES;
  }
  for (const { rows } of alongside) {
    for (const row of rows) {
      for (const value of row) {
        bytes += typeof value === 'string' ? value.length : value instanceof Uint8Array ? value.byteLength : 8;
      }
    }
  }
  return bytes;
}

function checkAlongside(alongside: readonly Alongside[]): number {
  let count = 0;
  for (const { statement, rows } of alongside) {
    count += rows.length;
    for (const row of rows) {
      if (row.length !== statement.columns.length) {
        throw new InvalidAppendError(`${statement.name} has ${statement.columns.length} columns, a row ${row.length}`);
      }
    }
  }
  return count;
}

/**
 * Checks a unit and turns it into what is sent.
 * @throws InvalidAppendError when it can never be committed.
 * @throws VersionConflictError when it appends twice to one stream and the versions do not follow each other.
 */
export function prepareUnit(unit: CommitUnit, topics: readonly Topic[]): PreparedUnit {
  const versions = new Map<string, number>();
  const events = prepareAppends(unit.appends, topics, versions);
  const alongside = (unit.alongside ?? []).filter((entry) => entry.rows.length > 0);
  return {
    events,
    alongside,
    alone: unit.alone,
    streams: [...versions.keys()],
    alongsideRows: checkAlongside(alongside),
    bytes: sizeOf(events, alongside),
  };
}
