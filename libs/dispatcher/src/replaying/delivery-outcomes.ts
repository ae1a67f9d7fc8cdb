import { Injectable } from '@nestjs/common';
import { firstIdAt } from '@sluice/contracts';
import { readableJson } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { Replayable } from './replay.ts';

interface EndedRow {
  event_id: string;
  endpoint_uuid: string;
  outcome: string;
}

/**
 * The last event of every delivery stream of these milliseconds, the oldest first. A join per range, so that each looks
 * into its own partition; the type is asked first, because only of those is the (possibly long) data taken apart.
 */
const ENDED_SQL = `select e.event_id, e.endpoint_uuid, e.outcome from unnest($1::uuid[], $2::uuid[]) as w(low, high)
  cross join lateral (
    select distinct on (stream_id) stream_id, epoch, position, ${readableJson('data')} ->> 'eventId' as event_id,
      ${readableJson('data')} ->> 'endpointUuid' as endpoint_uuid,
      case type when 'DeliveryDiscarded' then 'discarded' else ${readableJson('data')} ->> 'outcome' end as outcome
    from dispatcher.events
    where stream_id >= w.low and stream_id < w.high and type in ('AttemptFinished', 'DeliveryDiscarded')
    order by stream_id, version desc) e
  order by e.epoch, e.position`;

const WAITING_SQL = `select ${readableJson('d.payload')} ->> 'eventId' as event_id, left(d.key, 36) as endpoint_uuid
  from unnest($1::uuid[], $2::uuid[]) as w(low, high)
  join dispatcher.due d on d.id >= w.low and d.id < w.high`;

export function outcomeKey(eventId: string, endpointUuid: string): string {
  return `${eventId}/${endpointUuid}`;
}

/**
 * DL-06: what became of events at endpoints, as it is now: of the first delivery and of every one that a replay sent
 * since, the newest counts. All of them have ids of the event's own millisecond (ids carry the time of their cause), so
 * one range of ids finds them, and no index is needed.
 */
@Injectable()
export class DeliveryOutcomes {
  constructor(@InjectPool('dispatcher') private readonly pool: Pool) {}

  /** By `outcomeKey`; what nothing is known of is absent. */
  async of(eventIds: readonly string[]): Promise<ReadonlyMap<string, Replayable | 'pending'>> {
    const times = [...new Set(eventIds.map(timeOf))];
    const ranges = [times.map((time) => firstIdAt(time)), times.map((time) => firstIdAt(time + 1))];
    // Not prepared: a plan kept from when a partition was empty would read all of it later.
    const [ended, waiting] = await Promise.all([
      this.pool.query<EndedRow>(ENDED_SQL, ranges),
      this.pool.query<Omit<EndedRow, 'outcome'>>(WAITING_SQL, ranges),
    ]);
    const became = new Map<string, Replayable | 'pending'>();
    for (const { event_id: eventId, endpoint_uuid: uuid, outcome } of ended.rows)
      became.set(outcomeKey(eventId, uuid), outcome === 'retry' ? 'pending' : (outcome as Replayable));
    for (const { event_id: eventId, endpoint_uuid: uuid } of waiting.rows)
      became.set(outcomeKey(eventId, uuid), 'pending');
    return became;
  }
}

/** The Unix milliseconds that an id carries. */
function timeOf(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}
