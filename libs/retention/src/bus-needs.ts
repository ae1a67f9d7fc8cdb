import { schemaOf, SERVICES, type ServiceName, serviceOf, type Topic, TOPICS } from '@sluice/contracts';
import { topicTables } from '@sluice/event-store';
import type { RetentionNeed } from '@sluice/platform';

/** Whether the event stands behind the position of a row; the row has it as its bus writes it. */
const isBehind = (row: string): string =>
  `(e.epoch, e.transaction_id, e.position) > (${row}.epoch, ${row}.transaction_id::text::xid8, ${row}.position)`;

/** The rows of consumer groups that exist: one that an upgrade did away with reads nothing any more. Null: all may. */
const isRead = (groups: readonly string[] | null): string =>
  groups === null
    ? 'true'
    : `c.consumer_group in (${groups.map((each) => `'${each.replaceAll("'", "''")}'`).join(', ')})`;

/** Standalone: a consumer group, of whichever service, has yet to read an event of these days. */
function unread(topic: Topic, consumer: ServiceName, groups: readonly string[] | null): RetentionNeed {
  const checkpoints = `${schemaOf(consumer)}.checkpoints`;
  return {
    name: 'unread_events',
    tables: [checkpoints],
    sql: `select exists (select from ${checkpoints} c where c.topic = '${topic}' and c.partition = 0
      and ${isRead(groups)} and exists (
      select from ${topicTables(topic).events} e
      where e.stream_id >= $1 and e.stream_id < $2 and ${isBehind('c')})) as needed`,
  };
}

/**
 * Standalone: an event that this service has yet to read is of these days, or older; what comes of it gets an id of the
 * same day. (What comes of a registry's event gets an id of its own time.)
 */
function unprocessed(service: ServiceName, topic: Topic, groups: readonly string[] | null): RetentionNeed {
  return {
    name: 'unprocessed_events',
    tables: [topicTables(topic).events],
    sql: `select exists (select from ${schemaOf(service)}.checkpoints c where c.topic = '${topic}' and c.partition = 0
      and ${isRead(groups)} and exists (select from ${topicTables(topic).events} e
        where e.stream_id < $2 and $1::uuid is not null and ${isBehind('c')})) as needed`,
  };
}

/**
 * Distributed: an event of these days is not on Kafka yet. What is there outlives the table: consumers read it from
 * Kafka, whose topics keep it for 14 days.
 */
function unsent(service: ServiceName, topic: Topic): RetentionNeed {
  return {
    name: 'unsent_events',
    sql: `select exists (select from ${topicTables(topic).events} e
      left join ${schemaOf(service)}.relay_positions r on r.topic = '${topic}'
      where e.stream_id >= $1 and e.stream_id < $2 and (r.topic is null or ${isBehind('r')})) as needed`,
  };
}

/** A dead letter is parked whose event is of these days: handled at last, it gets ids of the same day. */
function parked(service: ServiceName): RetentionNeed {
  return {
    name: 'dead_letters',
    sql: `select exists (select from ${schemaOf(service)}.dead_letters
      where state = 'parked' and kind = 'event' and stream_id >= $1 and stream_id < $2) as needed`,
  };
}

/**
 * What keeps days of a service's event tables for the sake of the bus. To be asked after the needs of the service's own
 * work: whoever ends that work appends before, and the events of it are then found unread here.
 * @param groups the consumer groups that there are; null when this process does not know them all.
 */
export function busNeeds(
  service: ServiceName,
  topics: readonly Topic[],
  isKafka: boolean,
  groups: readonly string[] | null,
): RetentionNeed[] {
  if (isKafka) return [parked(service), ...topics.map((topic) => unsent(service, topic))];
  const upstream = TOPICS.filter((topic) => serviceOf(topic) !== 'registry' && serviceOf(topic) !== service);
  return [
    parked(service),
    ...upstream.map((topic) => unprocessed(service, topic, groups)),
    ...topics.flatMap((topic) => SERVICES.map((consumer) => unread(topic, consumer, groups))),
  ];
}
