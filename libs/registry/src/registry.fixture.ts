import { randomBytes } from 'node:crypto';
import { type LoggerService, Module } from '@nestjs/common';
import { busTablesSql } from '@sluice/bus';
import { eventTablesSql } from '@sluice/event-store';
import { loadSettings, type ServiceDefinition, type Settings } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { afterAll, beforeAll } from 'vitest';
import { registryService } from './registry.service.ts';

export const ADMIN_TOKEN = 'an-administrator-token-of-40-characters!';

/** Settings of a registry that listens on a free port of this machine. */
export function testSettings(databaseUrl: string, change: Partial<Settings> = {}): Settings & { databaseUrl: string } {
  return {
    ...loadSettings({ PORT: '0', SLUICE_DATA_DIR: '/nowhere', SLUICE_RATE_LIMIT_ADDRESS: 'off' }),
    publicUrl: 'https://sluice.example',
    adminToken: ADMIN_TOKEN,
    encryptionKeys: [{ id: 'k1', key: randomBytes(32) }],
    outboundAllow: [],
    logLevel: 'silent',
    instanceId: 'registry-1',
    ...change,
    databaseUrl,
  };
}

/** The bus of one process wants the service that sends dead-letter commands; here it has only its tables. */
class DeliveryLogTables1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const tables = eventTablesSql('delivery-log', ['delivery-log.events'], { partitioned: false });
    for (const statement of [...tables, ...busTablesSql('delivery_log')]) await runner.query(statement);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop schema delivery_log cascade');
  }
}
class Nothing {}
Module({})(Nothing);
const deliveryLog: ServiceDefinition = {
  name: 'delivery-log',
  module: Nothing,
  migrations: [DeliveryLogTables1700000000000],
  topics: ['delivery-log.events'],
  partitioned: false,
};

/** A registry with HTTP, by itself. */
export function startRegistry(databaseUrl: string, change: Partial<Settings> = {}): Promise<RunningServices> {
  const settings = testSettings(databaseUrl, change);
  return startServices({ services: [registryService, deliveryLog], settings, logger: SILENT });
}

/** The registry of all tests of a file, on a database of its own; begun before the first and dropped after the last. */
export function registryOfFile(): { readonly database: TestDatabase; readonly running: RunningServices; call: Call } {
  let database: TestDatabase;
  let running: RunningServices;
  beforeAll(async () => {
    database = await createTestDatabase();
    running = await startRegistry(database.url);
  });
  afterAll(async () => {
    await running?.close();
    await database?.drop();
  });
  return {
    get database() {
      return database;
    },
    get running() {
      return running;
    },
    call: (...asked) => client(running.url)(...asked),
  };
}

/** What a test does not look at is not printed either. */
export const SILENT: LoggerService = { log: () => undefined, warn: () => undefined, error: () => undefined };

export interface Answer {
  status: number;
  headers: Headers;
  body: Body;
}

/** JSON of an answer; tests say what they expect of it. */
export interface Body {
  [field: string]: unknown;
  id?: unknown;
  code?: string;
  items?: Body[];
  nextCursor?: string | null;
  errors?: { pointer: string; message: string }[];
}

export interface CallOptions {
  token?: string | null;
  headers?: Record<string, string>;
}

/** Calls the management API as the administrator, unless another token (or none) is given. */
export function client(baseUrl: string) {
  return async (method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> => {
    const token = options.token === undefined ? ADMIN_TOKEN : options.token;
    const answer = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get('content-type') ?? '').includes('json');
    return { status: answer.status, headers: answer.headers, body: isJson ? (JSON.parse(text) as Body) : {} };
  };
}

export type Call = ReturnType<typeof client>;

/** The pointers of a refusal, sorted. */
export function pointersOf(answer: Answer): string[] {
  return (answer.body.errors ?? []).map((problem) => problem.pointer).sort();
}

export const GREET = {
  name: 'Greet',
  status: 'active',
  steps: [
    { ref: 'web1', type: 'webhook' },
    { ref: 'msg', type: 'set', values: { text: 'Hello {{ web1.name }}' } },
    {
      ref: 'told',
      type: 'emit',
      event: 'greeting.created',
      subject: '{{ web1.name }}',
      data: { text: '{{ msg.text }}' },
    },
  ],
};
