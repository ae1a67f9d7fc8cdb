import { createHash, randomBytes } from 'node:crypto';
import { type LoggerService, Module, type Type } from '@nestjs/common';
import { type AccessGrant, DEFAULT_APP_ID, grantAccess, nameApp } from '@sluice/access';
import { busTablesSql } from '@sluice/bus';
import {
  type FlowDefinition,
  type FlowState,
  newId,
  type RegistryEvents,
  type RunAnswered,
  schemaOf,
  type ServiceName,
  type Topic,
  type TriggerState,
} from '@sluice/contracts';
import {
  type EventStorePort,
  eventTablesSql,
  type NewEvent,
  type Position,
  type StoredEvent,
} from '@sluice/event-store';
import type { MigrationClass, ServiceDefinition, Settings } from '@sluice/platform';
import { loadSettings, poolToken, storeToken } from '@sluice/platform';
import { type EncryptionKey, SealedValues } from '@sluice/sealed-values';
import type { Pool } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { RouteTable } from './routing/route-table.ts';

/** Some service that owns topics and tables but does nothing: the gateway's neighbours as its tests need them. */
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

/** `registry.routes` as a table: the columns of libs/registry's view. */
const ROUTES = `create table registry.routes (
  trigger_id uuid primary key, flow_id uuid, profile text, state text, status text, published_version int, live_mode text, draft_mode text,
  live_inputs text, draft_inputs text, live_answer text, draft_answer text, app_id text, listener text)`;

export const NEIGHBOURS: readonly ServiceDefinition[] = [
  standIn('registry', ['registry.events'], [ROUTES]),
  standIn('runner', ['runner.events', 'runner.answers']),
  standIn('delivery-log', ['delivery-log.events']),
];

/** What seals secrets in this test run. */
export const KEYS: EncryptionKey[] = [{ id: 'test', key: randomBytes(32) }];

/** Settings of a process that listens on a free port of this machine. */
export function testSettings(databaseUrl: string, change: Partial<Settings> = {}): Settings & { databaseUrl: string } {
  return {
    ...loadSettings({ PORT: '0', SLUICE_DATA_DIR: '/nowhere', SLUICE_RATE_LIMIT_ADDRESS: 'off' }),
    encryptionKeys: KEYS,
    propagationWaitMs: 20_000,
    logLevel: 'silent',
    instanceId: 'gateway-1',
    ...change,
    databaseUrl,
  };
}

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

interface Container {
  get<T>(token: string | Type<T>, options: { strict: false }): T;
}
const ANYWHERE = { strict: false } as const;

/** Plays the registry and the runner towards a gateway: appends their events to their own stores. */
export class Neighbours {
  readonly #registry: EventStorePort;
  readonly #runner: EventStorePort;
  readonly #gateway: EventStorePort;
  readonly #routes: RouteTable;
  readonly #pool: Pool;
  #last: Position | undefined;
  readonly #versions = new Map<string, number>();

  constructor(container: Container) {
    this.#routes = container.get(RouteTable, ANYWHERE);
    this.#pool = container.get<Pool>(poolToken('gateway'), ANYWHERE);
    this.#registry = container.get<EventStorePort>(storeToken('registry'), ANYWHERE);
    this.#runner = container.get<EventStorePort>(storeToken('runner'), ANYWHERE);
    this.#gateway = container.get<EventStorePort>(storeToken('gateway'), ANYWHERE);
  }

  async append<T extends keyof RegistryEvents>(streamId: string, type: T, data: RegistryEvents[T]): Promise<void> {
    const version = this.#versions.get(streamId) ?? 0;
    const meta = { correlationId: streamId, causationId: null };
    const { events } = await this.#registry.append(streamId, version, [{ type, appId: DEFAULT_APP_ID, data, meta }]);
    this.#versions.set(streamId, version + 1);
    this.#last = events.at(-1)?.position ?? this.#last;
  }

  /** A live secret of a trigger as the registry seals it. */
  async secret(plaintext: string): Promise<NonNullable<TriggerState['secrets']>[number]> {
    const sealed = new SealedValues({ pool: this.#pool, keys: KEYS });
    const value = await sealed.seal(this.#pool, { owner: 'trigger/test' }, plaintext);
    return { id: newId(), value, createdAt: '2026-01-01T00:00:00.000Z' };
  }

  /** Where the registry's last event stands. */
  lastChange(): Position {
    if (!this.#last) throw new Error('nothing was changed yet');
    return this.#last;
  }

  /** A flow that is active and published, unless `change` says otherwise. */
  async flow(change: Partial<FlowState> = {}, definition: FlowDefinition = { steps: [] }): Promise<FlowState> {
    const flow: FlowState = {
      id: newId(),
      number: 1,
      appId: DEFAULT_APP_ID,
      name: 'Greet',
      listener: null,
      status: 'active',
      version: 1,
      publishedVersion: 1,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      ...change,
    };
    await this.append(flow.id, 'FlowCreated', { flow, definition });
    return flow;
  }

  /** A native trigger for POST with the token `secret-token` in the default header, unless `change` says otherwise. */
  async trigger(flow: FlowState, change: Partial<TriggerState> = {}): Promise<TriggerState> {
    const trigger = triggerState(flow, change);
    await this.append(trigger.id, 'TriggerCreated', { trigger });
    return trigger;
  }

  async token(token: string, grant: Partial<AccessGrant>): Promise<void> {
    const full: AccessGrant = {
      tokenId: newId(),
      sha256: hashOf(token),
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

  async app(name: string): Promise<string> {
    const id = newId();
    await this.#registry.commit({ appends: [], alongside: [nameApp(id, name)] });
    return id;
  }

  /** Answers a run as the runner does, except that it may do so more than once. */
  async answer(runId: string, change: Partial<RunAnswered> = {}, streamId: string = newId()): Promise<void> {
    const answer: RunAnswered = {
      runId,
      replyTo: 'gateway-1',
      runStatus: 'succeeded',
      status: 200,
      contentType: 'application/json',
      body: '{"ok":true}',
      error: null,
      ...change,
    };
    const meta = { correlationId: runId, causationId: null };
    const event = { type: 'RunAnswered', appId: DEFAULT_APP_ID, data: answer, meta };
    await this.#runner.append(streamId, 0, [event], { topic: 'runner.answers' });
  }

  /** Stores events of a run as the runner does. */
  async runs(runId: string, events: readonly NewEvent[]): Promise<void> {
    await this.#runner.append(runId, 0, events, { topic: 'runner.events' });
  }

  /** Whether this gateway routes the trigger from memory. */
  isKnown(triggerId: string): boolean {
    return this.#routes.get(triggerId) !== undefined;
  }

  /** One event of the gateway by the id of its request. */
  async event(streamId: string): Promise<StoredEvent> {
    const [event] = await this.#gateway.read(streamId);
    if (!event) throw new Error(`the gateway stored no request ${streamId}`);
    return event;
  }

  /** Every request that is stored at this moment, in order. */
  async accepted(): Promise<{ streamId: string; body: string | null }[]> {
    const { rows } = await this.#pool.query<{ streamId: string; body: string | null }>(
      `select e.stream_id as "streamId", convert_from(b.bytes, 'UTF8') as body from gateway.events e
       left join gateway.events_bodies b using (stream_id, version)
       where e.type = 'TriggerAccepted' order by e.position`,
    );
    return rows;
  }

  /** Calls back with each event of the gateway the moment it is committed. */
  onAccepted(listener: (event: StoredEvent) => void): () => void {
    return this.#gateway.onCommitted((events) => events.forEach(listener));
  }
}

export function triggerState(flow: FlowState, change: Partial<TriggerState> = {}): TriggerState {
  return {
    id: newId(),
    number: 1,
    appId: flow.appId,
    flowId: flow.id,
    name: 'Inbound',
    profile: 'native',
    methods: ['POST'],
    auth: { type: 'header', name: 'X-Sluice-Webhook-Token' },
    props: null,
    tokens: [{ id: newId(), sha256: hashOf('secret-token'), createdAt: '2026-01-01T00:00:00.000Z' }],
    enabled: true,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...change,
  };
}

/** What a test does not look at is not printed either. */
export const SILENT: LoggerService = {
  log: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
