import type { BusEvent } from '@sluice/bus';
import {
  BUILT_IN_EVENT_TYPES,
  type EndpointState,
  type FlowState,
  newId,
  type TokenState,
  type TriggerState,
  type UserState,
} from '@sluice/contracts';
import { compileSchema, exampleOf, schemaProblems } from '@sluice/event-schemas';
import { expect, it } from 'vitest';
import { fromRegistry, REGISTRY_EVENT_TYPES } from './from-registry.ts';
import { fromRunner } from './from-runner.ts';
import type { ReceivedEvent } from './received-event.ts';

const NOW = '2026-01-02T03:04:05.678Z';
const TIMES = { createdAt: NOW, updatedAt: NOW };
const APP = newId();
const FLOW: FlowState = {
  id: newId(),
  number: 1,
  appId: APP,
  name: 'Order',
  listener: null,
  status: 'active',
  version: 2,
  publishedVersion: 1,
  ...TIMES,
};
const ENDPOINT: EndpointState = {
  id: 3,
  uuid: newId(),
  appId: APP,
  kind: 'event',
  name: 'Shop',
  description: '',
  events: ['*'],
  url: 'https://shop.example/',
  method: 'POST',
  contentType: 'application/json',
  includeEntity: true,
  enabled: true,
  headers: [{ key: 'X-A', value: { id: newId(), version: 1 } }],
  secret: null,
  basicUser: null,
  basicPass: null,
  format: 'etl',
  retrySchedule: ['PT0S'],
  rateLimit: null,
  concurrency: 10,
  ...TIMES,
};
const TOKEN: TokenState = {
  id: newId(),
  number: 4,
  appId: APP,
  userId: null,
  note: '',
  scopes: ['admin'],
  expiresAt: null,
  createdAt: NOW,
};

function busEvent(type: string, data: unknown): BusEvent {
  const id = newId();
  const meta = { correlationId: id, causationId: null };
  return { streamId: id, version: 1, appId: APP, meta, occurredAt: new Date(NOW), type, data } as unknown as BusEvent;
}

/** The types of what was received, and everything in which their data differs from the catalogue. */
function judged(received: readonly ReceivedEvent[]): unknown[] {
  return received.map(({ type, data }) => {
    const builtIn = BUILT_IN_EVENT_TYPES.find(({ name }) => name === type);
    return builtIn ? compileSchema(builtIn.schema)(data) : `${type} is not in the catalogue`;
  });
}

const TRIGGER: TriggerState = {
  id: newId(),
  number: 5,
  appId: APP,
  flowId: null,
  name: 'Orders',
  profile: 'listener',
  methods: ['POST'],
  auth: { type: 'hmac', preset: 'github' },
  props: { any: [1] },
  tokens: [{ id: newId(), sha256: 'a'.repeat(64), createdAt: NOW }],
  secrets: [{ id: newId(), value: { id: newId(), version: 1 }, createdAt: NOW }],
  handshake: { type: 'meta', verifyTokenSha256: 'b'.repeat(64) },
  enabled: true,
  ...TIMES,
};
const USER: UserState = {
  id: newId(),
  number: 6,
  email: 'ada@example.org',
  name: 'Ada',
  roles: [{ appId: APP, role: 'viewer' }],
  disabled: false,
  ...TIMES,
};
const SESSION = { id: newId(), startedAt: NOW, expiresAt: NOW, userAgent: 'test' };

/** What each change of the registry carries. */
const CARRIED: Record<string, object> = {
  App: { app: { id: APP, name: 'shop', environmentId: 1, createdAt: NOW } },
  Flow: { flow: FLOW },
  Trigger: { trigger: TRIGGER },
  Endpoint: { endpoint: ENDPOINT },
  Token: { token: TOKEN },
  User: { user: USER, session: SESSION },
};

it.each(REGISTRY_EVENT_TYPES)('ET-10: what the registry’s %s becomes fits its schema and tells no secret', (type) => {
  const kind = /^(?:App|Flow|Trigger|Endpoint|Token|User)/.exec(type)?.[0] ?? '';
  const carried = {
    ...CARRIED[kind],
    ...(/^Flow(?:Created|Updated)$/.test(type) ? { definition: { steps: [] } } : {}),
  };
  const received = fromRegistry(busEvent(type, carried), 'https://sluice.example');
  expect(received.length).toBeGreaterThan(0);
  expect(judged(received).flat()).toEqual([]);
  expect(JSON.stringify(received)).not.toMatch(/sha256|a{64}|b{64}/i);
});

it('ET-10: every type of the catalogue has a schema that its example fits, and a change that becomes it', () => {
  for (const { name, description, schema } of BUILT_IN_EVENT_TYPES) {
    expect([name, description.length > 10, schemaProblems(schema)]).toEqual([name, true, []]);
    expect([name, compileSchema(schema)(exampleOf(schema))]).toEqual([name, []]);
  }
  const made = REGISTRY_EVENT_TYPES.flatMap((type) => {
    const kind = /^(?:App|Flow|Trigger|Endpoint|Token|User)/.exec(type)?.[0] ?? '';
    return fromRegistry(busEvent(type, CARRIED[kind]), '').map((received) => received.type);
  });
  // Runs become two, and the dispatcher tells of what it sees itself.
  const told = ['Disabled', 'Recovered', 'Failing', 'Backlog', 'Paused', 'Resumed'].map((what) => `Endpoint.${what}`);
  const others = ['Flow.Executed', 'Flow.Failed', 'Delivery.Failed', ...told];
  const missing = BUILT_IN_EVENT_TYPES.map(({ name }) => name).filter((name) => ![...made, ...others].includes(name));
  expect(missing).toEqual([]);
});

it.each(['succeeded', 'failed', 'timed_out'])('ET-10: a run that %s fits the schema in the catalogue', (status) => {
  const run = { status, number: 1, flowId: newId(), flowNumber: 2, flowVersion: 1, triggerId: null, result: [1] };
  const ends = { error: null, startedAt: NOW, finishedAt: NOW };
  expect(judged(fromRunner(busEvent('RunFinished', { ...run, ...ends }), 'https://sluice.example'))).toEqual([[]]);
});
