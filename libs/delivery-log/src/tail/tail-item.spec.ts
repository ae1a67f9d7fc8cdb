import type { StoredEvent } from '@sluice/event-store';
import { expect, it } from 'vitest';
import { tailItem } from './tail-item.ts';

const APP = '0190c5b0-0000-7000-8000-0000000000a1';
const RUN = '0190c5b0-0000-7000-8000-0000000000b1';
const AT = new Date('2026-01-01T00:00:00.000Z');
const stored = (type: string, data: object): StoredEvent =>
  ({ streamId: RUN, type, data, appId: APP, occurredAt: AT, dataJson: JSON.stringify(data) }) as unknown as StoredEvent;

const WAITING = stored('RunWaiting', {
  ref: 'ask',
  type: 'approval',
  until: '2026-01-02T00:00:00.000Z',
  startedAt: AT.toISOString(),
});

it('LG-03: a run that begins to wait is told to everybody, and found by that status', () => {
  const item = tailItem(WAITING, APP, { kinds: 'run', status: 'waiting' });
  expect(item).toMatchObject({ kind: 'run', id: RUN, status: 'waiting', title: 'waits in ask: approval' });
  expect(tailItem(WAITING, APP, { id: RUN })).toMatchObject({ status: 'waiting' });
  expect(tailItem(WAITING, APP, { status: 'running' })).toBeNull();
});

it('LG-03: a captured request is told with its trigger, and is no accepted one', () => {
  const captured = stored('RequestCaptured', {
    triggerId: 't',
    flowId: null,
    method: 'POST',
    bodySize: 3,
    receivedAt: AT.toISOString(),
  });
  expect(tailItem(captured, APP, { triggerId: 't' })).toMatchObject({ kind: 'request', status: 'captured' });
  expect(tailItem(captured, APP, { status: 'accepted' })).toBeNull();
  expect(tailItem(captured, RUN, {})).toBeNull();
});
