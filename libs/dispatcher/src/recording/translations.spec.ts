import type { BusEvent } from '@sluice/bus';
import { DEFAULT_APP_ID } from '@sluice/access';
import { newId } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { dedupeKeyOf, fromCloudEvent } from './cloud-event.rules.ts';
import { fromGateway } from './from-gateway.ts';
import { fromRegistry, REGISTRY_EVENT_TYPES } from './from-registry.ts';
import { fromRunner } from './from-runner.ts';
import { idOfTime } from './id-of-time.ts';

const APP = newId();
const URL = 'https://sluice.example';

function busEvent(change: Partial<BusEvent>): BusEvent {
  const id = newId();
  return {
    streamId: id,
    version: 1,
    appId: APP,
    meta: { correlationId: id, causationId: null },
    occurredAt: new Date('2026-01-02T03:04:05.678Z'),
    ...change,
  } as BusEvent;
}

describe('what becomes a domain event', () => {
  it('the same source and id make the same key, however they are split, and another pair another one', () => {
    expect(dedupeKeyOf('/a', 'b')).toEqual(dedupeKeyOf('/a', 'b'));
    expect(dedupeKeyOf('/a', 'b')).not.toEqual(dedupeKeyOf('/ab', ''));
    expect(dedupeKeyOf('/a', 'b')).not.toEqual(dedupeKeyOf('b', '/a'));
  });

  it('ET-05: a CloudEvent without a subject is about itself, and without a time of when it was received', () => {
    const place = {
      appId: APP,
      cause: newId(),
      publicUrl: URL,
      correlationId: 'c',
      traceparent: undefined,
      receivedAt: '2026-01-01T00:00:00.000Z',
    };
    const event = { specversion: '1.0' as const, id: '1', source: '/s', type: 't' };
    const received = fromCloudEvent(event, place);
    expect(received).toMatchObject({ subject: null, entityId: received.eventId, data: null, time: place.receivedAt });
    expect(received.entityUrl).toBe(`${URL}/v1/events/${received.eventId}`);
    expect(fromCloudEvent(event, place).eventId).toBe(received.eventId);
    expect(fromCloudEvent(event, { ...place, appId: newId() }).eventId).not.toBe(received.eventId);
  });

  it('of the gateway only published events, with an app', () => {
    const data = { cloudEvent: { specversion: '1.0', id: '1', source: '/s', type: 't', data: { n: 1 } } };
    expect(fromGateway(busEvent({ type: 'EventPublished', data }), URL)).toMatchObject([{ data: { n: 1 } }]);
    expect(fromGateway(busEvent({ type: 'TriggerAccepted', data: {} }), URL)).toEqual([]);
    expect(fromGateway(busEvent({ type: 'EventPublished', data, appId: null }), URL)).toEqual([]);
  });

  it('ET-10: of runs what they emit, and that they ended, with an id that stays when it is delivered again', () => {
    const eventId = newId();
    const emitted = { eventId, type: 'order.placed', subject: null, data: 1, emittedAt: '2026-01-01T00:00:00.000Z' };
    expect(fromRunner(busEvent({ type: 'EventEmitted', data: emitted }), URL)).toMatchObject([
      { eventId, entityId: eventId, dedupeKey: null },
    ]);
    const finished = (status: string): BusEvent =>
      busEvent({ type: 'RunFinished', data: { status, number: 3, flowNumber: 12, finishedAt: 'x' } });
    const event = finished('succeeded');
    expect(fromRunner(event, URL)).toEqual(fromRunner(event, URL));
    expect(fromRunner(event, URL)).toMatchObject([{ type: 'Flow.Executed', entityId: '3' }]);
    expect(fromRunner(finished('timed_out'), URL)).toMatchObject([{ type: 'Flow.Failed' }]);
    expect(fromRunner(finished('cancelled'), URL)).toEqual([]);
    expect(fromRunner(busEvent({ type: 'StepCompleted', data: {} }), URL)).toEqual([]);
    const [keyed] = fromRunner(busEvent({ type: 'EventEmitted', data: { ...emitted, id: 'order-7' } }), URL);
    expect(keyed).toMatchObject({ eventId, sourceId: 'order-7', dedupeKey: dedupeKeyOf('/sluice/runs', 'order-7') });
  });

  it('ET-10: of users what happened to them, in each app where they have a role, without their roles in others', () => {
    const other = newId();
    const roles = [
      { appId: APP, role: 'viewer' },
      { appId: other, role: 'editor' },
    ];
    const user = { id: newId(), number: 3, email: 'ada@example.org', name: 'Ada', roles, disabled: false };
    const types = ['UserCreated', 'UserUpdated', 'UserPasswordChanged', 'UserDeleted', 'UserLoggedIn'];
    const told = types.map((type) =>
      fromRegistry(busEvent({ type, data: { user, session: { id: 's' } }, appId: null }), URL),
    );
    expect(told.map(([first]) => first?.type)).toEqual([
      'User.Created',
      'User.Updated',
      'User.Updated',
      'User.Deleted',
      'User.LoggedIn',
    ]);
    expect(told[0]).toMatchObject([
      { appId: APP, entityId: '3', entityUrl: `${URL}/rest/v1/users/3`, data: { roles: [roles[0]] } },
      { appId: other, data: { roles: [roles[1]] } },
    ]);
    expect(told[0]?.[0]?.eventId).not.toBe(told[0]?.[1]?.eventId);
    expect(told[4]?.[0]?.data).toMatchObject({ email: 'ada@example.org', session: { id: 's' } });
  });

  it('ET-10: a regenerated token is one revoked and one created; what belongs to all apps is told in the default app', () => {
    const token = { id: newId(), number: 4, appId: null, scopes: [] };
    const told = fromRegistry(busEvent({ type: 'TokenRegenerated', data: { token }, appId: null }), URL);
    expect(told.map(({ type, appId }) => [type, appId])).toEqual([
      ['Token.Revoked', DEFAULT_APP_ID],
      ['Token.Created', DEFAULT_APP_ID],
    ]);
    expect(new Set(told.map(({ eventId }) => eventId)).size).toBe(2);
  });

  it('ET-11: of the registry every change once, each version with an id of its own, and no token or secret of anything', () => {
    const trigger = { number: 4, tokens: [{ id: 't1', sha256: 'hash', createdAt: 'then' }] };
    const first = busEvent({ type: 'TriggerCreated', data: { trigger } });
    const [received] = fromRegistry(first, URL);
    expect(received).toMatchObject({ type: 'Trigger.Created', entityUrl: `${URL}/rest/v1/triggers/4` });
    expect(JSON.stringify(received)).not.toContain('hash');
    expect(fromRegistry(first, URL)[0]?.eventId).toBe(received?.eventId);
    expect(fromRegistry({ ...first, version: 2 }, URL)[0]?.eventId).not.toBe(received?.eventId);
    const endpoint = {
      id: 7,
      secret: { id: 'sealed' },
      basicPass: null,
      headers: [{ key: 'X-A', value: { id: 'sealed' } }],
    };
    const [changed] = fromRegistry(busEvent({ type: 'EndpointUpdated', data: { endpoint } }), URL);
    expect(changed?.data).toEqual({ id: 7, hasSecret: true, hasBasicPass: false, headers: [{ key: 'X-A' }] });
    expect(fromRegistry(busEvent({ type: 'SecretSaved', data: {} }), URL)).toEqual([]);
    expect(REGISTRY_EVENT_TYPES).toContain('TokenRevoked');
  });

  it('an id of a time carries just that time', () => {
    expect(idOfTime(0x0123_4567_89ab)).toBe('01234567-89ab-7000-8000-000000000000');
  });
});
