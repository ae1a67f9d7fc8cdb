import type { ServiceName } from '@sluice/contracts';
import type { BusWorld } from '../contract/bus-world.fixture.ts';
import { postgresWorld, type PostgresWorldOptions } from '../contract/postgres-world.fixture.ts';
import { QuietLogger } from '../contract/quiet-logger.fixture.ts';
import { KafkaBus, type KafkaBusOptions } from './kafka-bus.ts';
import type { KafkaSettings } from './kafka-client.ts';

export interface KafkaWorldOptions extends Omit<PostgresWorldOptions, 'createBus'> {
  brokers: string;
  /** Unique per world: topics and groups of a test run share one broker. */
  prefix: string;
  partitions?: number;
  security?: Pick<KafkaSettings, 'ssl' | 'extraCa' | 'sasl'>;
  /** What differs for a process; `number` counts from 1. */
  options?: (number: number) => Partial<KafkaBusOptions>;
  logger?: QuietLogger;
}

const SERVICES: readonly ServiceName[] = ['gateway', 'runner', 'delivery-log'];

/** Three services per process over real Kafka, each process able to be the relay of each. */
export function kafkaWorld(world: KafkaWorldOptions): BusWorld {
  const { brokers, prefix, partitions = 3, logger = new QuietLogger() } = world;
  const kafka = { brokers: [brokers], prefix, partitions, ...world.security };
  return postgresWorld({
    ...world,
    kafka: { ...kafka, clientId: 'child' },
    createBus: (bindings, { failpoint }, number) =>
      new KafkaBus({
        bindings,
        instanceId: `process-${number}`,
        logger,
        kafka: { ...kafka, clientId: `process-${number}` },
        ownServices: SERVICES,
        recoverEveryMs: 200,
        ...(failpoint ? { failpoint } : {}),
        ...world.options?.(number),
      }),
  });
}
