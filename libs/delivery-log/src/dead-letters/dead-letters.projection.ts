import type { BusEvent } from '@sluice/bus';
import { type EventParked, type EventRedriven, serviceOf, type Topic } from '@sluice/contracts';
import type { ClientBase } from 'pg';

/** Dead letters are rare: one statement each is enough. */
export async function writeDeadLetters(client: ClientBase, events: readonly BusEvent[]): Promise<void> {
  for (const event of events) {
    if (event.type === 'EventParked') await writeParked(client, event, event.data as EventParked);
    if (event.type === 'EventRedriven') {
      const data = event.data as EventRedriven;
      await client.query('update delivery_log.dead_letter_list set status = $2, ended_at = $3 where id = $1', [
        data.deadLetterId,
        data.outcome,
        data.at,
      ]);
    }
  }
}

async function writeParked(client: ClientBase, event: BusEvent, data: EventParked): Promise<void> {
  await client.query(
    `insert into delivery_log.dead_letter_list
       (id, service, consumer_group, topic, stream_id, version, type, reason, error, app_id, status, parked_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'parked', $11)
     on conflict (id) do update set status = 'parked', reason = excluded.reason, error = excluded.error, ended_at = null`,
    [
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
      data.parkedAt,
    ],
  );
}
