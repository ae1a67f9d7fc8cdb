import { randomBytes } from 'node:crypto';
import {
  eventually,
  createTestDatabase,
  selfSigned,
  type Temporary,
  temporaryKafka,
  type TestDatabase,
} from '@sluice/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accept, type BusWorld, commits, versionsOf } from '../contract/bus-world.fixture.ts';
import { prepareBusTables } from '../contract/postgres-world.fixture.ts';
import { QuietLogger } from '../contract/quiet-logger.fixture.ts';
import type { KafkaSettings } from './kafka-client.ts';
import { kafkaWorld } from './kafka-world.fixture.ts';

type Security = Required<Pick<KafkaSettings, 'ssl' | 'extraCa' | 'sasl'>>;
const USER = { username: 'sluice', password: 'a-password-of-the-broker' };
const certificate = selfSigned('localhost');

/** A broker whose only way in for us wants TLS and credentials. */
describe('brokers that want TLS and credentials', () => {
  let kafka: Temporary<Awaited<ReturnType<typeof temporaryKafka>>['server']>;
  let database: TestDatabase;
  let world: BusWorld | undefined;
  let logger: QuietLogger;

  beforeAll(async () => {
    kafka = await temporaryKafka({ ...certificate, ...USER });
  });
  afterAll(() => kafka?.remove());
  beforeEach(async () => {
    database = await createTestDatabase({ template: { name: 'bus 1', prepare: prepareBusTables } });
    logger = new QuietLogger();
  });
  afterEach(async () => {
    await world?.remove();
    await database?.drop();
  });

  function secured(change: Partial<Security> = {}): BusWorld {
    world = kafkaWorld({
      url: database.url,
      brokers: kafka.server.securedBrokers as string,
      prefix: `${randomBytes(4).toString('hex')}.`,
      security: { ssl: true, extraCa: certificate.cert, sasl: { mechanism: 'scram-sha-512', ...USER }, ...change },
      logger,
      options: () => ({ closeTimeoutMs: 4_000 }),
    });
    return world;
  }

  it.each(['scram-sha-512', 'scram-sha-256', 'plain'] as const)(
    'takes events to them and back by %s',
    async (mechanism) => {
      const shared = secured({ sasl: { mechanism, ...USER } });
      const process = await shared.start({
        consumers: (bus, self) => bus.consume('gateway.events', { group: 'runner' }, commits(self)),
      });
      await process.bus.ready();
      const stream = await accept(process, ['A', 'B']);
      await eventually(async () => expect(versionsOf(await shared.effects(), stream)).toEqual([1, 2]));
      expect(process.bus.statuses()).toMatchObject([{ joined: true, refusedBecause: null }]);
    },
    90_000,
  );

  it.each<[string, () => Partial<Security>, RegExp]>([
    [
      'a wrong password',
      () => ({ sasl: { mechanism: 'scram-sha-512', username: USER.username, password: 'wrong' } }),
      /^Kafka refuses the credentials \(SLUICE_KAFKA_SASL_\*\): /,
    ],
    [
      'an authority that is not trusted',
      () => ({ extraCa: null }),
      /^Kafka cannot be reached by TLS \(SLUICE_KAFKA_SSL, SLUICE_KAFKA_CA\): /,
    ],
  ])(
    'says of %s what to mend, in the log and in its status, and goes on trying',
    async (_, change, said) => {
      const process = await secured(change()).start({
        consumers: (bus, self) => bus.consume('gateway.events', { group: 'runner' }, commits(self)),
      });
      const isSaid = expect.stringMatching(said) as string;
      await eventually(() => expect(process.bus.statuses()).toMatchObject([{ joined: false, refusedBecause: isSaid }]));
      expect(logger.lines.map((line) => line.replace(/^error /, ''))).toContainEqual(isSaid);
      expect(logger.lines.join('\n')).not.toContain(USER.password);
    },
    90_000,
  );
});
