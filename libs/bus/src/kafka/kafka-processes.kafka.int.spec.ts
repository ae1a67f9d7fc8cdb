import { randomBytes } from 'node:crypto';
import { createTestDatabase, testKafka } from '@sluice/testing';
import type { BusWorld } from '../contract/bus-world.fixture.ts';
import { prepareBusTables } from '../contract/postgres-world.fixture.ts';
import { describeProcesses } from '../contract/processes.contract-suite.ts';
import { kafkaWorld } from './kafka-world.fixture.ts';

async function world(): Promise<BusWorld> {
  const { brokers } = await testKafka();
  const database = await createTestDatabase({ template: { name: 'bus 1', prepare: prepareBusTables } });
  const prefix = `${randomBytes(4).toString('hex')}.`;
  return kafkaWorld({ url: database.url, brokers, prefix, removed: () => database.drop() });
}

describeProcesses('Kafka bus', world);
