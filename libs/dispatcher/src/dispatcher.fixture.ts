import { createHash } from 'node:crypto';
import { type LoggerService, Module, type Type } from '@nestjs/common';
import { DEFAULT_APP_ID, grantAccess } from '@sluice/access';
import { busTablesSql } from '@sluice/bus';
import {
  type AttemptFinished,
  type DomainEventRecorded,
  type EndpointState,
  type EventEmitted,
  newId,
  type RegistryEvents,
  schemaOf,
  type ServiceName,
  type Topic,
} from '@sluice/contracts';
import { type EventStorePort, eventTablesSql } from '@sluice/event-store';
import type { MigrationClass, ServiceDefinition, Settings } from '@sluice/platform';
import { loadSettings, poolToken, storeToken } from '@sluice/platform';
import { SealedValues } from '@sluice/sealed-values';
import type { Pool } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';

// Node runs this file as it is in the crash tests' child process: no decorators, and no import of a file with any.

/** Some service that owns topics and tables but does nothing: the dispatcher's neighbours as its tests need them. */
function standIn(name: ServiceName, topics: readonly Topic[]): ServiceDefinition {
  class Tables1700000000000 implements MigrationInterface {
    async up(runner: QueryRunner): Promise<void> {
      const own = [...eventTablesSql(name, topics, { partitioned: false }), ...busTablesSql(schemaOf(name))];
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

export const NEIGHBOURS: readonly ServiceDefinition[] = [
  standIn('registry', ['registry.events']),
  standIn('gateway', ['gateway.events']),
  standIn('runner', ['runner.events', 'runner.answers']),
  standIn('delivery-log', ['delivery-log.events']),
];

export const KEYS = [{ id: 'k1', key: createHash('sha256').update('a key of tests').digest() }];

export function testSettings(databaseUrl: string, change: Partial<Settings> = {}): Settings & { databaseUrl: string } {
  return {
    ...loadSettings({ PORT: '0', SLUICE_DATA_DIR: '/nowhere', SLUICE_RATE_LIMIT_ADDRESS: 'off' }),
    publicUrl: 'https://sluice.example',
    encryptionKeys: KEYS,
    outboundAllow: ['127.0.0.0/8'],
    propagationWaitMs: 20_000,
    logLevel: 'silent',
    instanceId: 'dispatcher-1',
    ...change,
    databaseUrl,
  };
}

interface Container {
  get<T>(token: string | Type<T>, options: { strict: false }): T;
}
const ANYWHERE = { strict: false } as const;

export interface EndpointWish extends Partial<Omit<EndpointState, 'secret' | 'basicPass' | 'headers'>> {
  url: string;
  secret?: string;
  basicPass?: string;
  headers?: Record<string, string>;
}

/** Plays the registry and the runner towards a dispatcher, and looks into its tables. */
export class Neighbours {
  readonly pool: Pool;
  readonly #registry: EventStorePort;
  readonly #runner: EventStorePort;
  readonly #gateway: EventStorePort;
  readonly #sealed: SealedValues;
  readonly #versions = new Map<string, number>();
  #endpoints = 0;

  constructor(container: Container) {
    this.pool = container.get<Pool>(poolToken('dispatcher'), ANYWHERE);
    this.#registry = container.get<EventStorePort>(storeToken('registry'), ANYWHERE);
    this.#runner = container.get<EventStorePort>(storeToken('runner'), ANYWHERE);
    this.#gateway = container.get<EventStorePort>(storeToken('gateway'), ANYWHERE);
    this.#sealed = new SealedValues({ pool: this.pool, keys: KEYS });
  }

  async append<T extends keyof RegistryEvents>(streamId: string, type: T, data: RegistryEvents[T]): Promise<void> {
    const version = this.#versions.get(streamId) ?? 0;
    const meta = { correlationId: streamId, causationId: null };
    await this.#registry.append(streamId, version, [{ type, appId: DEFAULT_APP_ID, data, meta }]);
    this.#versions.set(streamId, version + 1);
  }

  async endpoint(wish: EndpointWish): Promise<EndpointState> {
    const seal = (text: string) => this.#sealed.seal(this.pool, { owner: 'test' }, text);
    const headers = [];
    for (const [key, value] of Object.entries(wish.headers ?? {})) headers.push({ key, value: await seal(value) });
    const endpoint: EndpointState = {
      id: ++this.#endpoints,
      uuid: newId(),
      appId: DEFAULT_APP_ID,
      kind: 'event',
      name: 'Receiver',
      description: '',
      events: ['order.*'],
      method: 'POST',
      contentType: 'application/json',
      includeEntity: true,
      enabled: true,
      basicUser: null,
      format: 'etl',
      retrySchedule: ['PT0S', 'PT0.2S', 'PT0.2S'],
      rateLimit: null,
      concurrency: 10,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      ...wish,
      headers,
      secret: wish.secret === undefined ? null : await seal(wish.secret),
      basicPass: wish.basicPass === undefined ? null : await seal(wish.basicPass),
    };
    await this.append(endpoint.uuid, 'EndpointCreated', { endpoint });
    return endpoint;
  }

  async change(endpoint: EndpointState, change: Partial<EndpointState>): Promise<EndpointState> {
    const changed = { ...endpoint, ...change };
    await this.append(endpoint.uuid, 'EndpointUpdated', { endpoint: changed });
    return changed;
  }

  /** Resolves when the dispatcher would match what is emitted from now on against the present endpoints. */
  async settled(): Promise<void> {
    for (;;) {
      const { rows } = await this.pool.query<{ behind: boolean }>(
        `select exists(select 1 from registry.events e where e.type like 'Endpoint%' and not exists(
           select 1 from replicas.positions p where p.service = 'dispatcher' and p.topic = 'registry.events'
             and (p.epoch, p.transaction_id, p.position) >= (e.epoch, e.transaction_id, e.position))) as behind`,
      );
      if (rows[0]?.behind === false) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Events of one run that emits them all; resolves with their ids. */
  async emit(count = 1, change: Partial<EventEmitted> = {}): Promise<string[]> {
    const runId = newId();
    const events = Array.from({ length: count }, (_, index): EventEmitted => {
      const emittedAt = new Date().toISOString();
      const data = { number: index };
      return { eventId: newId(), ref: 'e', type: 'order.created', subject: '42', data, emittedAt, ...change };
    });
    const meta = { correlationId: runId, causationId: null };
    await this.#runner.append(
      runId,
      0,
      events.map((data) => ({ type: 'EventEmitted', appId: DEFAULT_APP_ID, data, meta })),
    );
    return events.map((event) => event.eventId);
  }

  async publish(cloudEvent: Record<string, unknown>): Promise<void> {
    const id = newId();
    const meta = { correlationId: id, causationId: null };
    await this.#gateway.append(id, 0, [{ type: 'EventPublished', appId: DEFAULT_APP_ID, data: { cloudEvent }, meta }]);
  }

  async token(token: string, scopes: readonly string[], appId: string | null = null): Promise<void> {
    const sha256 = createHash('sha256').update(token).digest('hex');
    const grant = { tokenId: newId(), sha256, kind: 'personal' as const, appId, userId: null, triggerId: null };
    await this.#registry.commit({ appends: [], alongside: [grantAccess([{ ...grant, scopes, expiresAt: null }])] });
  }

  async recorded(): Promise<DomainEventRecorded[]> {
    return this.#dataOf<DomainEventRecorded>('DomainEventRecorded');
  }
  async attempts(): Promise<AttemptFinished[]> {
    return this.#dataOf<AttemptFinished>('AttemptFinished');
  }
  async discarded(): Promise<{ deliveryId: string; reason: string; endpointId: number }[]> {
    return this.#dataOf('DeliveryDiscarded');
  }
  async due(): Promise<{ id: string; leased: boolean; due_at: Date }[]> {
    const { rows } = await this.pool.query('select id, lease_owner is not null as leased, due_at from dispatcher.due');
    return rows;
  }

  async #dataOf<T>(type: string): Promise<T[]> {
    const { rows } = await this.pool.query<{ data: string }>(
      'select data from dispatcher.events where type = $1 order by position',
      [type],
    );
    return rows.map((row) => JSON.parse(row.data) as T);
  }
}

/** What a test does not look at is not printed either. */
export const SILENT: LoggerService = { log: () => undefined, warn: () => undefined, error: () => undefined };
