import type { Topic } from '@sluice/contracts';
import type { Pool } from 'pg';
import type { StoredEvent } from './event-store.contract.ts';
import { topicTables } from './event-tables.ts';
import { eventsOfRow } from './packing.ts';
import { type EventRow, eventColumns } from './stored-event.ts';

/** Which events of a stream are read, beside its first and its last one. */
export interface StreamFacts {
  /** Under which the statement is prepared. */
  name: string;
  topic: Topic;
  types: readonly string[];
}

/** The data of the first and the last event is not read, unless they are of one of the types. */
function factsSql({ topic, types }: StreamFacts): string {
  const { events, packed } = topicTables(topic);
  const named = `e.type in (${types.map((type) => `'${type}'`).join(', ')})`;
  const within = `e.heads like any (array[${types.map((type) => `'%"${type}"%'`).join(', ')}])`;
  const data = packed ? `case when e.heads is not null or ${named} then e.data else 'null' end` : 'e.data';
  return `select ${eventColumns('e', data)}, null as body${packed ? ', e.heads' : ''} from ${events} e
    where e.stream_id = $1::uuid and (e.version = 1 or ${named}${packed ? ` or ${within}` : ''}
      or e.version = (select max(l.version) from ${events} l where l.stream_id = $1::uuid)) order by e.version`;
}

/**
 * The events of a stream that say how it stands, of a topic that may be another service's: those of some types, its first
 * and its last, in order. A stream of 10,000 events is not read whole for them.
 * @throws DatabaseError as PostgreSQL says it, `undefined_table` while the topic's service has never started
 */
export async function readStreamFacts(pool: Pool, facts: StreamFacts, streamId: string): Promise<StoredEvent[]> {
  const { rows } = await pool.query<EventRow>({
    name: facts.name,
    text: factsSql(facts),
    values: [streamId],
    rowMode: 'array',
  });
  const events = rows.flatMap((row) => eventsOfRow(facts.topic, row));
  const last = events.at(-1);
  return events.filter((event) => event.version === 1 || event === last || facts.types.includes(event.type));
}
