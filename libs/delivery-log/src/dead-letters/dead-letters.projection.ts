import type { BusEvent } from '@sluice/bus';
import { type EventParked, type EventRedriven, serviceOf, type Topic } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { type BulkTable, bulkWrite } from '../read-model/bulk-write.ts';

const PARKED: BulkTable = {
  table: 'delivery_log.dead_letter_list',
  columns: {
    id: 'uuid',
    service: 'text',
    consumer_group: 'text',
    topic: 'text',
    stream_id: 'uuid',
    version: 'int4',
    type: 'text',
    reason: 'text',
    error: 'text',
    app_id: 'uuid',
    status: 'text',
    parked_at: 'timestamptz',
    ended_at: 'timestamptz',
  },
  onConflict: `on conflict (id) do update set status = excluded.status, reason = excluded.reason,
    error = excluded.error, ended_at = excluded.ended_at`,
};

const REDRIVEN: AlongsideStatement = {
  name: 'dead_letters_redriven',
  columns: ['uuid', 'text', 'timestamptz'],
  sql: (arrays) => `update delivery_log.dead_letter_list set status = r.outcome, ended_at = r.at
    from unnest(${arrays.join(', ')}) as r(id, outcome, at) where dead_letter_list.id = r.id`,
};

/** What a batch says of each dead letter, the last word last: a statement cannot write a row twice. */
export function deadLetterWrites(events: readonly BusEvent[]): Alongside[] {
  const parked = new Map<string, unknown[]>();
  const redriven = new Map<string, EventRedriven>();
  for (const event of events) {
    if (event.type === 'EventParked') {
      const data = event.data as EventParked;
      parked.set(data.deadLetterId, parkedRow(event, data));
      redriven.delete(data.deadLetterId);
    } else if (event.type === 'EventRedriven') {
      const data = event.data as EventRedriven;
      redriven.set(data.deadLetterId, data);
    }
  }
  for (const [id, { outcome, at }] of redriven) {
    const row = parked.get(id);
    if (!row) continue;
    row.splice(-3, 3, outcome, row.at(-2), at);
    redriven.delete(id);
  }
  const ended = [...redriven.values()].map((data) => [data.deadLetterId, data.outcome, data.at]);
  return [bulkWrite(PARKED, [...parked.values()]), { statement: REDRIVEN, rows: ended }];
}

function parkedRow(event: BusEvent, data: EventParked): unknown[] {
  return [
    data.deadLetterId,
    serviceOf(event.topic as Topic),
    data.group,
    data.topic,
    data.streamId,
    data.version,
    data.type,
    data.reason,
    data.error ? JSON.stringify(data.error) : null,
    event.appId,
    'parked',
    data.parkedAt,
    null,
  ];
}
