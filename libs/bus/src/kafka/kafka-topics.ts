import type { Admin, ITopicConfig, Kafka } from 'kafkajs';
import { type BusRuntime, pause } from '../consuming/bus-runtime.ts';
import type { BrokerDoor } from './broker-door.ts';
import type { KafkaSettings } from './kafka-client.ts';

const DAY_MS = 86_400_000;
/** The tables are the truth; a topic only has to outlast the longest absence of a consumer. */
const RETENTION_MS = 14 * DAY_MS;
/** A step's output or a body up to 256 KiB travels inside; larger ones go by claim check. Room for several. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const DEFAULT_PARTITIONS = 6;

/**
 * Creates the topics that are missing and leaves the others as they are. Tries until the broker is there or the signal
 * is aborted; the partition count of an existing topic is never changed, because a key would move to another one.
 */
export async function ensureTopics(
  kafka: Kafka,
  topics: { own: readonly string[]; foreign: readonly string[] },
  settings: KafkaSettings,
  context: { logger: BusRuntime['logger']; signal: AbortSignal; door: BrokerDoor },
): Promise<void> {
  while (!context.signal.aborted) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      await createMissing(admin, topics, settings);
      context.door.opened();
      return;
    } catch (error) {
      if (!context.door.failed(error)) context.logger.warn(`topics could not be created yet: ${String(error)}`);
      await pause(1_000, context.signal);
    } finally {
      await admin.disconnect();
    }
  }
}

async function createMissing(
  admin: Admin,
  topics: { own: readonly string[]; foreign: readonly string[] },
  settings: KafkaSettings,
): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const { partitions = DEFAULT_PARTITIONS, replication = 1 } = settings;
  const wanted: ITopicConfig[] = [
    ...topics.own.map((topic) => configOf(topic, partitions, replication, 'producer')),
    // Other programs produce here with any codec; the broker turns it into one that every client can read.
    ...topics.foreign.map((topic) => configOf(topic, partitions, replication, 'gzip')),
  ];
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  // Another process may create them at the same moment: that answers false, not an error.
  if (missing.length > 0) await admin.createTopics({ topics: missing, waitForLeaders: true });
}

function configOf(topic: string, numPartitions: number, replicationFactor: number, compression: string): ITopicConfig {
  const configEntries = [
    { name: 'retention.ms', value: String(RETENTION_MS) },
    { name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) },
    { name: 'compression.type', value: compression },
  ];
  return { topic, numPartitions, replicationFactor, configEntries };
}

/** Whether no message was ever written to the topic. */
export async function isEmptyTopic(kafka: Kafka, topic: string): Promise<boolean> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(topic);
    return ends.every(({ high }) => high === '0');
  } finally {
    await admin.disconnect();
  }
}
