import {
  derivedId,
  newId,
  type AttemptFinished,
  type DomainEventRecorded,
  type RunFinished,
  type RunStarted,
  type Topic,
  type TriggerAccepted,
} from '@sluice/contracts';
import { storedEvent, type StoredEvent } from '@sluice/event-store';

const AT = '2026-11-22T10:00:00.000Z';
let position = 0n;

/** An event as a bus would hand it over. */
export function eventOf(
  topic: Topic,
  streamId: string,
  version: number,
  type: string,
  appId: string,
  data: unknown,
  body: Buffer | null = null,
): StoredEvent {
  position += 1n;
  return storedEvent({
    topic,
    position: { epoch: 1, transactionId: position, position },
    streamId,
    version,
    partitionKey: streamId,
    type,
    typeVersion: 1,
    appId,
    dataJson: JSON.stringify(data),
    meta: {
      correlationId: streamId,
      causationId: null,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    },
    occurredAt: new Date(AT),
    body,
  });
}

export interface Story {
  appId: string;
  requestId: string;
  eventId: string;
  deliveryId: string;
  endpointUuid: string;
  gateway: StoredEvent[];
  runner: StoredEvent[];
  dispatcher: StoredEvent[];
}

function dispatcherEvents(story: Omit<Story, 'gateway' | 'runner' | 'dispatcher'>): StoredEvent[] {
  const { appId, requestId, eventId, deliveryId, endpointUuid } = story;
  const recorded: DomainEventRecorded = {
    eventId,
    type: 'order.placed',
    source: 'flow',
    sourceId: eventId,
    subject: '7',
    time: AT,
    data: { id: 7 },
    entityId: '7',
    entityUrl: `http://x/v1/events/${eventId}`,
    runId: requestId,
    requestId,
    deliveries: [{ deliveryId, endpointId: 12, endpointUuid, endpointName: 'Shop' }],
  };
  const attempt = (number: number, outcome: AttemptFinished['outcome']): AttemptFinished => ({
    deliveryId,
    eventId,
    eventType: 'order.placed',
    endpointId: 12,
    endpointUuid,
    runId: requestId,
    number,
    at: `2026-11-22T10:00:0${number}.000Z`,
    durationMs: 25,
    request: { method: 'POST', url: 'http://shop/hook', headers: {}, body: '{}' },
    response: { status: outcome === 'succeeded' ? 200 : 500, headers: {}, body: '', truncated: false },
    error: null,
    outcome,
    nextAttemptAt: outcome === 'retry' ? '2026-11-22T10:00:06.000Z' : null,
  });
  return [
    eventOf('dispatcher.events', eventId, 1, 'DomainEventRecorded', appId, recorded),
    eventOf('dispatcher.events', deliveryId, 1, 'AttemptFinished', appId, attempt(1, 'retry')),
    eventOf('dispatcher.events', deliveryId, 2, 'AttemptFinished', appId, attempt(2, 'succeeded')),
  ];
}

/** A request that ran a flow of three steps and was delivered at the second attempt. */
export function exampleStory(appId = newId(), body = Buffer.from('{"id": 7}'), requestId = newId()): Story {
  const eventId = derivedId('event', requestId, 'told');
  const ids = { appId, requestId, eventId, deliveryId: derivedId('delivery', eventId, '12'), endpointUuid: newId() };
  const accepted: Partial<TriggerAccepted> = {
    triggerId: newId(),
    flowId: newId(),
    mode: 'live',
    method: 'POST',
    query: {},
    headers: { 'content-type': 'application/json' },
    contentType: 'application/json',
    bodySize: body.length,
    bodySha256: 'ab',
    remoteAddress: '127.0.0.1',
    receivedAt: AT,
  };
  const common = {
    number: 41,
    flowId: accepted.flowId as string,
    flowVersion: 3,
    triggerId: accepted.triggerId as string,
    startedAt: '2026-11-22T10:00:00.010Z',
  };
  const started: RunStarted = { ...common, requestId, mode: 'live', input: { id: 7 }, queuedAt: AT };
  const finished: RunFinished = {
    ...common,
    flowNumber: 5,
    status: 'succeeded',
    result: { eventId },
    error: null,
    finishedAt: '2026-11-22T10:00:00.030Z',
  };
  return {
    ...ids,
    gateway: [eventOf('gateway.events', requestId, 1, 'TriggerAccepted', appId, accepted, body)],
    runner: [
      eventOf('runner.events', requestId, 1, 'RunStarted', appId, started),
      eventOf('runner.events', requestId, 2, 'EventEmitted', appId, {
        eventId,
        ref: 'told',
        type: 'order.placed',
        subject: '7',
        data: { id: 7 },
        emittedAt: AT,
      }),
      eventOf('runner.events', requestId, 3, 'RunFinished', appId, finished),
    ],
    dispatcher: dispatcherEvents(ids),
  };
}
