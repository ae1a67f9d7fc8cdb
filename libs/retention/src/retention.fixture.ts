import { busTablesSql } from '@sluice/bus';
import { newId, schemaOf, type ServiceName, type Topic, TOPICS } from '@sluice/contracts';
import { EventStore, eventTablesSql, type Position } from '@sluice/event-store';
import { Payloads, payloadTablesSql } from '@sluice/payloads';
import { type RetentionOptions, type RetentionReport, RetentionWorker } from './retention.worker.ts';
import { retentionTablesSql } from './retention-tables.ts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';

export const DAY_MS = 86_400_000;
const topicsOf = (service: ServiceName): Topic[] => TOPICS.filter((topic) => topic.startsWith(`${service}.`));

const TEMPLATE = {
  name: 'retention gateway runner 1',
  async prepare(url: string): Promise<void> {
    const { Client } = (await import('pg')).default;
    const client = new Client({ connectionString: url });
    await client.connect();
    for (const statement of [...payloadTablesSql(), ...retentionTablesSql()]) await client.query(statement);
    for (const service of ['gateway', 'runner'] as const) {
      await client.query(`create schema ${schemaOf(service)}`);
      const own = [
        ...eventTablesSql(service, topicsOf(service), { partitioned: true }),
        ...busTablesSql(schemaOf(service)),
      ];
      for (const statement of own) await client.query(statement);
    }
    await client.end();
  },
};

/** A gateway and a runner, as far as retention sees them. */
export interface World {
  database: TestDatabase;
  gateway: EventStore;
  runner: EventStore;
  payloads: Payloads;
  sweep(service: 'gateway' | 'runner', change?: Partial<RetentionOptions>): Promise<RetentionReport | null>;
  worker(service: 'gateway' | 'runner', change?: Partial<RetentionOptions>): RetentionWorker;
  /** Appends one event to a stream of that many days ago, which it returns. */
  append(service: 'gateway' | 'runner', daysAgo: number): Promise<{ id: string; position: Position }>;
  /** Where a consumer group has come to. */
  checkpoint(group: string, topic: Topic, position: Position | null): Promise<void>;
  close(): Promise<void>;
}

async function storeOf(url: string, service: ServiceName): Promise<EventStore> {
  const connection = { connectionString: url };
  const store = new EventStore({ service, topics: topicsOf(service), connection, partitioned: true, daysBack: 400 });
  await store.start();
  return store;
}

export async function retentionWorld(): Promise<World> {
  const database = await createTestDatabase({ template: TEMPLATE });
  const [gateway, runner] = await Promise.all([storeOf(database.url, 'gateway'), storeOf(database.url, 'runner')]);
  const stores = { gateway, runner };
  const { pool } = database;
  const worker: World['worker'] = (service, change = {}) =>
    new RetentionWorker({
      service,
      topics: topicsOf(service),
      rules: { needs: [], prunes: [] },
      store: stores[service],
      pool,
      days: 30,
      isKafka: false,
      owner: 'this',
      logger: { log: () => undefined, warn: () => undefined },
      ...change,
    });
  return {
    database,
    gateway,
    runner,
    payloads: new Payloads(pool),
    worker,
    sweep: (service, change) => worker(service, change).sweep(),
    async append(service, daysAgo) {
      const id = newId(Date.now() - daysAgo * DAY_MS);
      const meta = { correlationId: id, causationId: null };
      const { events } = await stores[service].append(id, 0, [{ type: 'A', appId: null, data: {}, meta }]);
      return { id, position: events[0]?.position as Position };
    },
    async checkpoint(group, topic, position) {
      const { epoch, transactionId, position: place } = position ?? { epoch: 0, transactionId: 0n, position: 0n };
      await pool.query(
        `insert into ${schemaOf(group.split(':', 1)[0] as ServiceName)}.checkpoints
           (consumer_group, topic, partition, epoch, transaction_id, position) values ($1, $2, 0, $3, $4, $5)
         on conflict (consumer_group, topic, partition) do update set epoch = excluded.epoch,
           transaction_id = excluded.transaction_id, position = excluded.position`,
        [group, topic, epoch, transactionId.toString(), place.toString()],
      );
    },
    async close() {
      await Promise.all([gateway.close(), runner.close()]);
      await database.drop();
    },
  };
}

/** The day of that many days ago, as reports name it. */
export const dayOf = (daysAgo: number): string => new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);
