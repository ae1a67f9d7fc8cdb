import { randomBytes } from 'node:crypto';
import { temporaryPostgres, testKafka } from '@sluice/testing';
import { afterAll, beforeAll } from 'vitest';
import type { BusWorld } from '../contract/bus-world.fixture.ts';
import { describeDelivery } from '../contract/delivery.contract-suite.ts';
import { describeFailure } from '../contract/failure.contract-suite.ts';
import { prepareBusTables } from '../contract/postgres-world.fixture.ts';
import { copyOfDatabase } from '../contract/stoppable-postgres.fixture.ts';
import { kafkaWorld } from './kafka-world.fixture.ts';

let own: Awaited<ReturnType<typeof temporaryPostgres>>;
beforeAll(async () => {
  own = await temporaryPostgres();
  await prepareBusTables(own.server.url);
});
afterAll(() => own.remove());

async function world(): Promise<BusWorld> {
  const { brokers } = await testKafka();
  return kafkaWorld({
    url: await copyOfDatabase(own.server.url),
    brokers,
    prefix: `${randomBytes(4).toString('hex')}.`,
    databaseAway: () => own.server.stop(),
    databaseBack: async () => void (await own.restart()),
  });
}

describeDelivery('Kafka bus', world);
describeFailure('Kafka bus', world);
