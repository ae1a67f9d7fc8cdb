import { schemaOf, type ServiceName, serviceOf, TOPICS } from '@sluice/contracts';
import { type AlongsideStatement, EventStore, eventTablesSql } from '@sluice/event-store';
import { Client, Pool } from 'pg';
import { BusBindings } from '../bus-bindings.ts';
import type { BusStrategy } from '../bus-strategy.ts';
import { busTablesSql } from '../bus-tables.ts';
import { DeadLetters } from '../dead-letters/dead-letters.ts';
import type { KafkaSettings } from '../kafka/kafka-client.ts';
import type { BusProcess, BusWorld, Effect, ProcessSpec } from './bus-world.fixture.ts';
import { startBusChild } from './child-process.fixture.ts';

const SERVICES: readonly ServiceName[] = ['gateway', 'runner', 'delivery-log'];

/** For `createTestDatabase` or an empty database: the tables of three services, and one for the effects of handlers. */
export async function prepareBusTables(url: string): Promise<void> {
  await withClient(url, async (client) => {
    for (const service of SERVICES) {
      const schema = schemaOf(service);
      await client.query(`create schema ${schema}`);
      const topics = TOPICS.filter((topic) => serviceOf(topic) === service);
      for (const sql of eventTablesSql(service, topics, { partitioned: true })) await client.query(sql);
      for (const sql of busTablesSql(schema)) await client.query(sql);
    }
    await client.query(
      'create table runner.effects (n bigserial, "streamId" uuid not null, version int not null, type text not null)',
    );
  });
}

const EFFECTS: AlongsideStatement = {
  name: 'test_effects',
  columns: ['uuid', 'int4', 'text'],
  sql: (arrays) => `insert into runner.effects ("streamId", version, type) select * from unnest(${arrays.join(', ')})`,
};

export interface PostgresWorldOptions {
  url: string;
  /** The bus of a process; `number` counts the processes of this world from 1. */
  createBus(bindings: BusBindings, spec: ProcessSpec, number: number): BusStrategy;
  /** What a child process needs to be of the Kafka wiring. */
  kafka?: KafkaSettings;
  databaseAway?: () => Promise<void>;
  databaseBack?: () => Promise<void>;
  brokerAway?: () => Promise<void>;
  brokerBack?: () => Promise<void>;
  removed?: () => Promise<void>;
}

/** Real stores and tables; every process has connections of its own. */
export function postgresWorld(options: PostgresWorldOptions): BusWorld {
  const { url, brokerAway, brokerBack } = options;
  const missing = async (): Promise<never> => {
    throw new Error('this world has no server of its own to stop');
  };
  const running: { close(): Promise<void> }[] = [];
  return {
    async startChild() {
      const { kafka } = options;
      const child = await startBusChild({ url, consumes: true, ...(kafka ? { kafka } : {}) });
      running.push(child);
      return child;
    },
    async start(spec: ProcessSpec = {}) {
      const process = await startProcess(options, spec, running.length + 1);
      running.push(process);
      return process;
    },
    effects: () =>
      withClient(url, async (client) => {
        const { rows } = await client.query<Effect>('select "streamId", version, type from runner.effects order by n');
        return rows;
      }),
    databaseAway: options.databaseAway ?? missing,
    databaseBack: options.databaseBack ?? missing,
    ...(brokerAway ? { brokerAway } : {}),
    ...(brokerBack ? { brokerBack } : {}),
    async remove() {
      await Promise.all(running.map((process) => process.close()));
      await options.removed?.();
    },
  };
}

async function startProcess(options: PostgresWorldOptions, spec: ProcessSpec, number: number): Promise<BusProcess> {
  const bindings = new BusBindings();
  const opened = await Promise.all(SERVICES.map((service) => open(options.url, service)));
  const stores = new Map(opened.map(({ service, store }) => [service, store]));
  for (const { service, store, pool } of opened) bindings.bind({ service, store, pool });
  const bus = options.createBus(bindings, spec, number);
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await bus.close();
    await Promise.all(opened.map(({ store }) => store.close()));
    await Promise.all(opened.map(({ pool }) => pool.end()));
  };
  const process: BusProcess = {
    bus,
    bindings,
    letters: new DeadLetters(bindings),
    store: (service) => stores.get(service) as EventStore,
    effects: (events) => ({
      statement: EFFECTS,
      rows: events.map(({ streamId, version, type }) => [streamId, version, type]),
    }),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
  spec.consumers?.(bus, process);
  await new Promise<void>((resolve, reject) => bus.listen((error) => (error ? reject(error) : resolve())));
  return process;
}

async function open(
  url: string,
  service: ServiceName,
): Promise<{ service: ServiceName; store: EventStore; pool: Pool }> {
  const topics = TOPICS.filter((topic) => serviceOf(topic) === service);
  const connection = { connectionString: url };
  const store = new EventStore({ service, topics, connection, partitioned: true, maxWaitMs: 1_000 });
  await store.start();
  const pool = new Pool({ connectionString: url, max: 4 });
  pool.on('error', (error) => console.warn(`pool of ${service}: ${error.message}`));
  return { service, store, pool };
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', (error) => console.warn(`test client: ${error.message}`));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
