import type { BusEvent } from '@sluice/bus';
import type { FlowState } from '@sluice/contracts';
import { storedEvent } from '@sluice/event-store';
import { expect, test } from 'vitest';
import { foldRegistryEvents } from './registry-copy.projection.ts';

const FLOW_ID = '01930000-0000-7000-8000-0000000000f1';

function event(version: number, type: string, change: Partial<FlowState>, definition?: unknown): BusEvent {
  const flow: FlowState = {
    id: FLOW_ID,
    number: 1,
    appId: FLOW_ID,
    name: 'Greet',
    listener: null,
    status: 'active',
    version: 1,
    publishedVersion: null,
    createdAt: '',
    updatedAt: '',
    ...change,
  };
  return storedEvent({
    topic: 'registry.events',
    position: { epoch: 1, transactionId: 1n, position: BigInt(version) },
    streamId: FLOW_ID,
    version,
    partitionKey: FLOW_ID,
    type,
    typeVersion: 1,
    appId: FLOW_ID,
    dataJson: JSON.stringify({ flow, ...(definition ? { definition } : {}) }),
    meta: { correlationId: FLOW_ID, causationId: null },
    occurredAt: new Date(0),
    body: null,
  });
}

test('a batch becomes the last state of each flow and every version that was saved in it', () => {
  const { flows, versions } = foldRegistryEvents([
    event(1, 'FlowCreated', {}, { steps: [] }),
    event(2, 'FlowUpdated', { version: 2, name: 'Welcome' }, { steps: [{ ref: 'a', type: 'set' }] }),
    event(3, 'FlowPublished', { version: 2, publishedVersion: 2, name: 'Welcome' }),
  ]);
  expect(flows).toMatchObject([
    { id: FLOW_ID, name: 'Welcome', version: 2, published_version: 2, stream_version: 3, deleted: false },
  ]);
  expect(versions.map((row) => [row.version, row.definition])).toEqual([
    [1, '{"steps":[]}'],
    [2, '{"steps":[{"ref":"a","type":"set"}]}'],
  ]);
});

test('a deleted flow is marked and keeps its versions', () => {
  const { flows, versions } = foldRegistryEvents([event(4, 'FlowDeleted', {})]);
  expect(flows).toMatchObject([{ deleted: true }]);
  expect(versions).toEqual([]);
});
