import { createHash } from 'node:crypto';
import { type LoggerService, Module } from '@nestjs/common';
import { type AccessGrant, DEFAULT_APP_ID, grantAccess } from '@sluice/access';
import { busTablesSql } from '@sluice/bus';
import { setTimeout as pause } from 'node:timers/promises';
import { ReplicaBoard } from '@sluice/local-copy';
import {
  type CallbackReceived,
  type FlowDefinition,
  type FlowState,
  derivedId,
  newId,
  type RegistryEvents,
  schemaOf,
  type ServiceName,
  type Topic,
  type RunCancelAsked,
  type TriggerAccepted,
} from '@sluice/contracts';
import { EventStore, type EventStorePort, eventTablesSql, type StoredEvent } from '@sluice/event-store';
import {
  connectionOf,
  loadSettings,
  type MigrationClass,
  poolToken,
  type ServiceDefinition,
  type Settings,
  storeToken,
} from '@sluice/platform';
import { SealedValues } from '@sluice/sealed-values';
import pg, { type Pool } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Some service that owns topics and tables but does nothing: the runner's neighbours as its tests need them. */
function standIn(name: ServiceName, topics: readonly Topic[], tables: readonly string[] = []): ServiceDefinition {
  class Tables1700000000000 implements MigrationInterface {
    async up(runner: QueryRunner): Promise<void> {
      const own = [...eventTablesSql(name, topics, { partitioned: false }), ...busTablesSql(schemaOf(name)), ...tables];
      for (const statement of own) await runner.query(statement);
    }
    async down(runner: QueryRunner): Promise<void> {
      await runner.query(`drop schema ${schemaOf(name)} cascade`);
    }
  }
  class Nothing {}
  Module({})(Nothing);
  return { name, module: Nothing, migrations: [Tables1700000000000 as MigrationClass], topics, partitioned: false };
}

/** What the runner reads of the registry: the columns of its view `flow_versions`. */
const REGISTRY_TABLES = [
  `create table registry.flow_versions (
    flow_id uuid, version int, definition text, app_id text, number int, name text, status text, saved_version int,
    published_version int, deleted boolean)`,
];

export const NEIGHBOURS: readonly ServiceDefinition[] = [
  standIn('gateway', ['gateway.events']),
  standIn('registry', ['registry.events'], REGISTRY_TABLES),
  standIn('delivery-log', ['delivery-log.events']),
];

export const KEYS = [{ id: 'k1', key: Buffer.alloc(32, 7) }];

/** Settings of a process that listens on a free port of this machine and may call it. */
export function testSettings(databaseUrl: string, change: Partial<Settings> = {}): Settings & { databaseUrl: string } {
  return {
    ...loadSettings({ PORT: '0', SLUICE_DATA_DIR: '/nowhere', SLUICE_RATE_LIMIT_ADDRESS: 'off' }),
    encryptionKeys: KEYS,
    outboundAllow: ['127.0.0.0/8'],
    propagationWaitMs: 20_000,
    logLevel: 'silent',
    instanceId: 'runner-1',
    ...change,
    databaseUrl,
  };
}

/** The stores and the pool that the neighbours work with. */
export interface NeighbourParts {
  pool: Pool;
  runner: EventStorePort;
  registry: EventStorePort;
  gateway: EventStorePort;
  /** Whether a runner is there that copies what the registry says. */
  follows: boolean;
}
const ADMIN_TOKEN = 'an-administrator-of-all-apps-and-flows';

export interface Accept extends Partial<TriggerAccepted> {
  body?: unknown;
  appId?: string;
}

/** Plays the gateway and the registry towards a runner: appends their events to their own stores. */
export class Neighbours {
  readonly pool: Pool;
  readonly runner: EventStorePort;
  readonly #registry: EventStorePort;
  readonly #gateway: EventStorePort;
  readonly #versions = new Map<string, number>();
  readonly #follows: boolean;

  constructor(parts: NeighbourParts) {
    this.#follows = parts.follows;
    this.pool = parts.pool;
    this.runner = parts.runner;
    this.#registry = parts.registry;
    this.#gateway = parts.gateway;
  }

  /** Goes on with what others have appended. */
  continueFrom(before: Neighbours): void {
    for (const [stream, version] of before.#versions) this.#versions.set(stream, version);
  }

  async append<T extends keyof RegistryEvents>(streamId: string, type: T, data: RegistryEvents[T]): Promise<void> {
    const version = this.#versions.get(streamId) ?? 0;
    const meta = { correlationId: streamId, causationId: null };
    const { events } = await this.#registry.append(streamId, version, [{ type, appId: DEFAULT_APP_ID, data, meta }]);
    this.#versions.set(streamId, version + 1);
    if (this.#follows) await this.#untilRunnerIsOnTheBoard();
    // As the registry does before it answers.
    const board = new ReplicaBoard({ pool: this.pool, instance: 'registry-1' });
    const position = events[0]?.position;
    if (position && !(await board.waitUntilApplied('registry.events', position, ['runner'], { timeoutMs: 10_000 }))) {
      throw new Error(`the runner has not applied ${type} within 10 s`);
    }
  }

  async #untilRunnerIsOnTheBoard(): Promise<void> {
    const text = `select 1 from replicas.positions where service = 'runner'`;
    while ((await this.pool.query(text)).rowCount === 0) await pause(10);
  }

  /** A flow that is active and published, unless `change` says otherwise. */
  async flow(definition: FlowDefinition, change: Partial<FlowState> = {}): Promise<FlowState> {
    const flow = flowState(change);
    await this.append(flow.id, 'FlowCreated', { flow, definition });
    return flow;
  }

  /** The flow as the registry's tables have it, before any event of it has arrived. */
  async flowInRegistryOnly(definition: FlowDefinition, change: Partial<FlowState> = {}): Promise<FlowState> {
    const flow = flowState(change);
    await this.pool.query(`insert into registry.flow_versions values ($1, $2, $3, $4, $5, $6, $7, $8, $9, false)`, [
      flow.id,
      flow.version,
      JSON.stringify(definition),
      flow.appId,
      flow.number,
      flow.name,
      flow.status,
      flow.version,
      flow.publishedVersion,
    ]);
    return flow;
  }

  /** A request that the gateway accepted; its id is also the run's. */
  async accept(flow: { id: string }, accept: Accept = {}): Promise<string> {
    const [id] = await this.acceptAll([{ flow, accept }]);
    return id as string;
  }

  /** A request with that id, and so of its time. */
  async acceptAt(id: string, flow: { id: string }): Promise<string> {
    await this.acceptAll([{ flow, id }]);
    return id;
  }

  /** Many requests in one commit. */
  async acceptAll(requests: readonly { flow: { id: string }; accept?: Accept; id?: string }[]): Promise<string[]> {
    const appends = requests.map(({ flow, accept = {}, id = newId() }) => {
      const { body = {}, appId = DEFAULT_APP_ID, ...change } = accept;
      const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      const meta = { correlationId: id, causationId: null, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
      const data = acceptedOf(flow.id, bytes, change);
      return {
        streamId: id,
        expectedVersion: 0,
        events: [{ type: 'TriggerAccepted', appId, data, meta, body: bytes }],
      };
    });
    await this.#gateway.commit({ appends });
    return appends.map((append) => append.streamId);
  }

  /** The wish of a trigger's caller, as the gateway stores it. */
  async askCancel(id: string): Promise<void> {
    const data: RunCancelAsked = { triggerId: newId(), at: new Date().toISOString() };
    const meta = { correlationId: id, causationId: id, actor: { type: 'trigger', id: data.triggerId } };
    await this.#gateway.append(id, 1, [{ type: 'RunCancelAsked', appId: DEFAULT_APP_ID, data, meta }]);
  }

  /** What came by the link of a waiting step, as the gateway stores it. @returns the id of the event's stream. */
  async callback(
    runId: string,
    step: string,
    answer: unknown,
    kind: CallbackReceived['kind'] = 'callback',
  ): Promise<string> {
    const data: CallbackReceived = {
      runId,
      step,
      kind,
      answer,
      bodySha256: '0'.repeat(64),
      remoteAddress: '192.0.2.1',
      receivedAt: new Date().toISOString(),
    };
    const id = derivedId('resume', runId, step);
    const meta = { correlationId: runId, causationId: runId };
    await this.#gateway.append(id, 0, [{ type: 'CallbackReceived', appId: DEFAULT_APP_ID, data, meta }]);
    return id;
  }

  /** The events of a request, as the bus would hand them on. */
  accepted(id: string): Promise<StoredEvent[]> {
    return this.#gateway.read(id);
  }

  async token(token: string, grant: Partial<AccessGrant>): Promise<void> {
    const full: AccessGrant = {
      tokenId: newId(),
      sha256: createHash('sha256').update(token).digest('hex'),
      kind: 'personal',
      appId: null,
      userId: null,
      triggerId: null,
      scopes: [],
      expiresAt: null,
      ...grant,
    };
    await this.#registry.commit({ appends: [], alongside: [grantAccess([full])] });
  }

  /** A token that may do everything. */
  async admin(): Promise<string> {
    await this.token(ADMIN_TOKEN, { scopes: ['admin'] });
    return ADMIN_TOKEN;
  }

  async secret(name: string, value: string): Promise<void> {
    const sealed = new SealedValues({ pool: this.pool, keys: KEYS });
    const ref = await sealed.seal(this.pool, { owner: `secret/${name}` }, value);
    const at = '2026-01-01T00:00:00.000Z';
    const secret = { appId: DEFAULT_APP_ID, name, value: ref, createdAt: at, updatedAt: at };
    await this.append(derivedId('secret', DEFAULT_APP_ID, name), 'SecretSaved', { secret });
  }

  run(id: string): Promise<StoredEvent[]> {
    return this.runner.read(id, { topic: 'runner.events' });
  }
}

/** A pool whose connections may be cut off by the end of their database. */
export function testPool(databaseUrl: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
  // pg-pool resolves end() before the last goodbye was answered; a database dropped then breaks the connection.
  pool.on('connect', (client) => client.on('error', () => undefined));
  // The pool itself says so too of a connection that was idle, and an 'error' that nobody listens to ends the tests.
  pool.on('error', () => undefined);
  return pool;
}

interface Container {
  get<T>(token: string, options: { strict: false }): T;
}

/** The neighbours inside a process that was started with `NEIGHBOURS`. */
export function neighboursIn(container: Container): Neighbours {
  const store = (service: ServiceName) => container.get<EventStorePort>(storeToken(service), { strict: false });
  return new Neighbours({
    pool: container.get<Pool>(poolToken('runner'), { strict: false }),
    runner: store('runner'),
    registry: store('registry'),
    gateway: store('gateway'),
    follows: true,
  });
}

/** The neighbours of runners that come and go. */
export async function neighboursOf(
  databaseUrl: string,
): Promise<{ neighbours: Neighbours; release: () => Promise<void> }> {
  const open = async (service: ServiceName, topics: readonly Topic[], partitioned: boolean): Promise<EventStore> => {
    const connection = connectionOf(databaseUrl, service, 'neighbour');
    const store = new EventStore({ service, topics, connection, partitioned });
    await store.start();
    return store;
  };
  const runner = await open('runner', ['runner.events', 'runner.answers'], true);
  const registry = await open('registry', ['registry.events'], false);
  const gateway = await open('gateway', ['gateway.events'], false);
  const pool = testPool(databaseUrl);
  return {
    neighbours: new Neighbours({ pool, runner, registry, gateway, follows: false }),
    release: async () => {
      await Promise.all([runner.close(), registry.close(), gateway.close(), pool.end()]);
    },
  };
}

function flowState(change: Partial<FlowState>): FlowState {
  return {
    id: newId(),
    number: 1,
    appId: DEFAULT_APP_ID,
    name: 'Test',
    listener: null,
    status: 'active',
    version: 1,
    publishedVersion: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...change,
  };
}

function acceptedOf(flowId: string, body: Buffer, change: Partial<TriggerAccepted>): TriggerAccepted {
  return {
    triggerId: newId(),
    flowId,
    mode: 'live',
    profile: 'native',
    method: 'POST',
    query: {},
    headers: { 'content-type': 'application/json' },
    contentType: 'application/json',
    bodyKind: body.length === 0 ? 'empty' : 'json',
    bodySize: body.length,
    bodySha256: createHash('sha256').update(body).digest('hex'),
    bodyPayloadId: null,
    remoteAddress: '127.0.0.1',
    receivedAt: new Date().toISOString(),
    replyTo: null,
    props: null,
    ...change,
  };
}

/** What a test does not look at is not printed either. */
export const SILENT: LoggerService = {
  log: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
