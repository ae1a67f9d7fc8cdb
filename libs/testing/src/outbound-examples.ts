import type { DomainEventRecorded, EndpointState } from '@sluice/contracts';

const ID = '01999999-0000-7000-8000-000000000001';

/** An endpoint as it is stored, for tests. */
export function exampleEndpoint(change: Partial<EndpointState> = {}): EndpointState {
  return {
    id: 7,
    uuid: '01999999-0000-7000-8000-0000000000e7',
    appId: '01999999-0000-7000-8000-0000000000a1',
    kind: 'event',
    name: 'Orders',
    description: '',
    events: ['*'],
    url: 'https://hooks.example/in',
    method: 'POST',
    contentType: 'application/json',
    includeEntity: true,
    enabled: true,
    headers: [],
    secret: null,
    basicUser: null,
    basicPass: null,
    format: 'etl',
    retrySchedule: ['PT0S', 'PT5S'],
    rateLimit: null,
    concurrency: 10,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...change,
  };
}

/** A recorded domain event, for tests. */
export function exampleEvent(change: Partial<DomainEventRecorded> = {}): DomainEventRecorded {
  return {
    eventId: ID,
    type: 'order.created',
    source: '/shop',
    sourceId: 'order-1',
    subject: '42',
    time: '2026-11-22T12:00:00.250Z',
    data: { total: 12.5, note: 'zażółć "gęślą" \u2028' },
    entityId: '42',
    entityUrl: `https://sluice.example/v1/events/${ID}`,
    runId: null,
    requestId: null,
    deliveries: [],
    ...change,
  };
}
