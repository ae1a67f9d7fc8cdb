import type { AlongsideStatement } from '@sluice/event-store';
import type { DeadLetter, NewDeadLetter, StoredMessage } from '../dead-letters/dead-letter.ts';

const PARK = [
  ['id', 'uuid'],
  ['consumer_group', 'text'],
  ['topic', 'text'],
  ['partition', 'int4'],
  ['stream_id', 'uuid'],
  ['version', 'int4'],
  ['type', 'text'],
  ['reason', 'text'],
  ['error_name', 'text'],
  ['error_message', 'text'],
  ['announced', 'int4'],
  ['parked_at', 'timestamptz'],
  ['kind', 'text'],
  ['epoch', 'int2'],
  ['transaction_id', 'int8'],
  ['position', 'int8'],
  ['message_key', 'text'],
  ['type_version', 'int4'],
  ['app_id', 'text'],
  ['data', 'text'],
  ['meta', 'text'],
  ['occurred_at', 'timestamptz'],
  ['body', 'bytea'],
] as const;
const NAMES = PARK.map(([name]) => name);

/**
 * An event may wait behind another only while that one is still parked: the share lock makes a redrive that is about
 * to finish the last one wait for us or us for it, and a null topic refuses the write when it was faster.
 */
export function parkStatement(schema: string): AlongsideStatement {
  const selected = NAMES.map((name) =>
    name === 'topic'
      ? `case when r.reason = 'failed' or exists (select 1 from ${schema}.dead_letters d
          where d.consumer_group = r.consumer_group and d.topic = r.topic and d.stream_id = r.stream_id
            and d.state = 'parked' for share) then r.topic end`
      : `r.${name}`,
  );
  return {
    name: 'bus_park',
    columns: PARK.map(([, type]) => type),
    sql: (arrays) => `insert into ${schema}.dead_letters (${NAMES.join(', ')})
      select ${selected.join(', ')} from unnest(${arrays.join(', ')}) as r(${NAMES.join(', ')})`,
  };
}

export function parkRow(letter: NewDeadLetter): unknown[] {
  const { message } = letter;
  const head = [letter.id, letter.group, letter.topic, letter.partition, letter.streamId, letter.version, letter.type];
  const why = [letter.reason, letter.error?.name ?? null, letter.error?.message ?? null];
  return [...head, ...why, letter.announced, letter.parkedAt, message.kind, ...messageCells(message)];
}

function messageCells(message: StoredMessage): unknown[] {
  if (message.kind === 'foreign') {
    const { offset, key, headersJson, value, timestamp } = message;
    return [0, 0n, offset, key, 1, null, '', headersJson, timestamp, value];
  }
  const { epoch, transactionId, position } = message.position;
  const { partitionKey, typeVersion, appId, dataJson, metaJson, occurredAt, body } = message;
  return [epoch, transactionId, position, partitionKey, typeVersion, appId, dataJson, metaJson, occurredAt, body];
}

/**
 * Sets the state of letters; a null state (column is not null) refuses the transaction. Two units of one batch that
 * want the same letter are both refused, and the store then tries each alone: one passes.
 */
export function stateStatement(schema: string, from: readonly string[], to: 'handled' | 'done'): AlongsideStatement {
  const allowed = from.map((state) => `'${state}'`).join(', ');
  return {
    name: `bus_letter_${to}`,
    columns: ['uuid'],
    sql: ([ids]) => `update ${schema}.dead_letters d set finished_at = now(),
      state = case when r.wanted = 1 and d.state in (${allowed}) then '${to}' end
      from (select id, count(*) as wanted from unnest(${ids}) as u(id) group by id) r where d.id = r.id`,
  };
}

export function failedAgainStatement(schema: string): AlongsideStatement {
  return {
    name: 'bus_failed_again',
    columns: ['uuid', 'text', 'text', 'int4'],
    sql: (arrays) => `update ${schema}.dead_letters d set reason = 'failed', error_name = r.name,
      error_message = r.message, announced = r.announced, attempts = d.attempts + 1,
      state = case when d.state = 'parked' then 'parked' end
      from unnest(${arrays.join(', ')}) as r(id, name, message, announced) where d.id = r.id`,
  };
}

interface LetterRow {
  id: string;
  consumer_group: string;
  topic: string;
  partition: number;
  stream_id: string;
  version: number;
  type: string;
  reason: DeadLetter['reason'];
  error_name: string | null;
  error_message: string | null;
  state: DeadLetter['state'];
  attempts: number;
  announced: number;
  parked_at: Date;
  kind: 'event' | 'foreign';
  epoch: number;
  transaction_id: string;
  position: string;
  message_key: string | null;
  type_version: number;
  app_id: string | null;
  data: string;
  meta: string;
  occurred_at: Date;
  body: Buffer | null;
}

export function letterOf(row: LetterRow): DeadLetter {
  return {
    id: row.id,
    group: row.consumer_group,
    topic: row.topic,
    partition: row.partition,
    streamId: row.stream_id,
    version: row.version,
    type: row.type,
    reason: row.reason,
    error: row.error_name === null ? null : { name: row.error_name, message: row.error_message ?? '' },
    state: row.state,
    attempts: row.attempts,
    announced: row.announced,
    parkedAt: row.parked_at,
    message: messageOf(row),
  };
}

function messageOf(row: LetterRow): StoredMessage {
  if (row.kind === 'foreign') {
    return {
      kind: 'foreign',
      offset: BigInt(row.position),
      key: row.message_key,
      headersJson: row.meta,
      value: row.body ?? Buffer.alloc(0),
      timestamp: row.occurred_at,
    };
  }
  return {
    kind: 'event',
    position: { epoch: row.epoch, transactionId: BigInt(row.transaction_id), position: BigInt(row.position) },
    partitionKey: row.message_key ?? row.stream_id,
    typeVersion: row.type_version,
    appId: row.app_id,
    dataJson: row.data,
    metaJson: row.meta,
    occurredAt: row.occurred_at,
    body: row.body,
  };
}

export type { LetterRow };
