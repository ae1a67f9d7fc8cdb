import type { BusEvent } from '@sluice/bus';
import { BUILT_IN_EVENT_TYPES, type EndpointState, type FlowState, newId, type TokenState } from '@sluice/contracts';
import { compileSchema } from '@sluice/event-schemas';
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

it.each([
  ['AppCreated', { app: { id: APP, name: 'shop', environmentId: 1, createdAt: NOW } }],
  ['FlowCreated', { flow: FLOW, definition: { steps: [] } }],
  ['FlowUpdated', { flow: FLOW, definition: { steps: [] } }],
  ['FlowPublished', { flow: FLOW }],
  ['FlowDeleted', { flow: FLOW }],
  ['EndpointCreated', { endpoint: ENDPOINT }],
  ['EndpointDeleted', { endpoint: ENDPOINT }],
  ['TokenCreated', { token: TOKEN }],
  ['TokenRevoked', { token: TOKEN }],
])('ET-10: what the registry’s %s becomes fits the schema in the catalogue', (type, data) => {
  expect(REGISTRY_EVENT_TYPES).toContain(type);
  expect(judged(fromRegistry(busEvent(type, data), 'https://sluice.example'))).toEqual([[]]);
});

it.each(['succeeded', 'failed', 'timed_out'])('ET-10: a run that %s fits the schema in the catalogue', (status) => {
  const run = { status, number: 1, flowId: newId(), flowNumber: 2, flowVersion: 1, triggerId: null, result: [1] };
  const ends = { error: null, startedAt: NOW, finishedAt: NOW };
  expect(judged(fromRunner(busEvent('RunFinished', { ...run, ...ends }), 'https://sluice.example'))).toEqual([[]]);
});
