import {
  type AttemptFinished,
  type DispatcherEvents,
  type DomainEventRecorded,
  type RequestCaptured,
  type RequestRejected,
  type RunFinished,
  type RunStarted,
  type RunWaiting,
  type StepPlace,
  stepKeyOf,
  type TriggerAccepted,
} from '@sluice/contracts';
import type { StoredEvent } from '@sluice/event-store';
import type { TailItem, TailQuery } from './tail.requests.ts';

type Shown = Omit<TailItem, 'appId'> & { endpointUuid: string | null };
const NOTHING = {
  triggerId: null,
  flowId: null,
  endpointId: null,
  endpointUuid: null,
  eventType: null,
  statusCode: null,
  runId: null,
} satisfies Partial<Shown>;

function accepted({ streamId, data }: StoredEvent): Shown {
  const { triggerId, flowId, method, bodySize, receivedAt } = data as TriggerAccepted;
  const title = `${method}, ${bodySize} bytes`;
  return { ...NOTHING, kind: 'request', id: streamId, at: receivedAt, title, status: 'accepted', triggerId, flowId };
}

function rejected({ streamId, data }: StoredEvent): Shown {
  const { triggerId, flowId, method, code, status, receivedAt } = data as RequestRejected;
  const shown = { title: `${method}: ${code}`, status: 'rejected', statusCode: status };
  return { ...NOTHING, kind: 'request', id: streamId, at: receivedAt, ...shown, triggerId, flowId };
}

/** It started no run and is in no list of requests: a sample. */
function captured({ streamId, data }: StoredEvent): Shown {
  const { triggerId, flowId, method, bodySize, receivedAt } = data as RequestCaptured;
  const title = `${method}, ${bodySize} bytes, kept as a sample`;
  return { ...NOTHING, kind: 'request', id: streamId, at: receivedAt, title, status: 'captured', triggerId, flowId };
}

function run(event: StoredEvent, status: string, at: string): Shown {
  const { number, flowId, triggerId } = event.data as RunStarted | RunFinished;
  const { streamId } = event;
  return {
    ...NOTHING,
    kind: 'run',
    id: streamId,
    at,
    title: `Run ${number}`,
    status,
    triggerId,
    flowId,
    runId: streamId,
  };
}

function waiting({ streamId, data, occurredAt }: StoredEvent): Shown {
  const { type } = data as RunWaiting;
  const title = `waits in ${stepKeyOf(data as StepPlace)}: ${type}`;
  const at = occurredAt.toISOString();
  return { ...NOTHING, kind: 'run', id: streamId, at, title, status: 'waiting', runId: streamId };
}

function recorded({ streamId, data, occurredAt }: StoredEvent): Shown {
  const { type, runId } = data as DomainEventRecorded;
  const at = occurredAt.toISOString();
  return { ...NOTHING, kind: 'event', id: streamId, at, title: type, status: 'recorded', eventType: type, runId };
}

const STATUS_OF = { succeeded: 'succeeded', retry: 'pending', failed: 'failed', discarded: 'discarded' } as const;

function attempted({ data }: StoredEvent): Shown {
  const { deliveryId, eventType, endpointId, endpointUuid, number, at, outcome, response, runId } =
    data as AttemptFinished;
  const about = { eventType, endpointId, endpointUuid, runId, statusCode: response?.status ?? null };
  const title = `${eventType}, attempt ${number}`;
  return { ...NOTHING, kind: 'delivery', id: deliveryId, at, title, status: STATUS_OF[outcome], ...about };
}

function discarded({ data }: StoredEvent): Shown {
  const { deliveryId, endpointId, endpointUuid, reason, at } = data as DispatcherEvents['DeliveryDiscarded'];
  return {
    ...NOTHING,
    kind: 'delivery',
    id: deliveryId,
    at,
    title: reason,
    status: 'discarded',
    endpointId,
    endpointUuid,
  };
}

const SHOWN: Readonly<Record<string, (event: StoredEvent) => Shown>> = {
  TriggerAccepted: accepted,
  TriggerForwarded: accepted,
  RequestRejected: rejected,
  RequestCaptured: captured,
  RunStarted: (event) => run(event, 'running', (event.data as RunStarted).startedAt),
  RunWaiting: waiting,
  RunFinished: (event) => run(event, (event.data as RunFinished).status, (event.data as RunFinished).finishedAt),
  DomainEventRecorded: recorded,
  AttemptFinished: attempted,
  DeliveryDiscarded: discarded,
};

/** A step of a run that is followed by itself: everybody else sees when a run starts, waits and ends. */
function ofStep({ streamId, type, data, occurredAt }: StoredEvent): Shown {
  const title = `${type} ${stepKeyOf(data as StepPlace)}`;
  const at = occurredAt.toISOString();
  return { ...NOTHING, kind: 'run', id: streamId, at, title, status: 'running', runId: streamId };
}

const SHOWN_OF_RUN: Readonly<Record<string, (event: StoredEvent) => Shown>> = {
  StepStarted: ofStep,
  StepCompleted: ofStep,
  StepFailed: ofStep,
  StepAnswered: ofStep,
  BlockStarted: ofStep,
  EventEmitted: ofStep,
};

function holdsText({ dataJson, body }: StoredEvent, q: string): boolean {
  const wanted = q.toLowerCase();
  if (dataJson.toLowerCase().includes(wanted)) return true;
  return body?.toString('utf8').toLowerCase().includes(wanted) ?? false;
}

function fits(item: Shown, { id, kinds, triggerId, flowId, endpointId, eventType, status }: TailQuery): boolean {
  const isSame = (wanted: string | undefined, ...found: (string | number | null)[]): boolean =>
    wanted === undefined || found.some((each) => String(each).toLowerCase() === wanted.toLowerCase());
  return (
    (kinds === undefined || kinds.split(',').includes(item.kind)) &&
    isSame(id, item.id, item.runId) &&
    isSame(triggerId, item.triggerId) &&
    isSame(flowId, item.flowId) &&
    isSame(endpointId, item.endpointId, item.endpointUuid) &&
    (eventType === undefined || item.eventType === eventType) &&
    isSame(status, item.status)
  );
}

/** What a follower of this app with these filters sees of an event; null when it is not for him. */
export function tailItem(event: StoredEvent, appId: string, query: TailQuery): TailItem | null {
  const show = SHOWN[event.type] ?? (query.id === undefined ? undefined : SHOWN_OF_RUN[event.type]);
  if (!show || event.appId !== appId) return null;
  const { endpointUuid: _, ...item } = show(event);
  if (!fits({ ...item, endpointUuid: _ }, query)) return null;
  return query.q !== undefined && !holdsText(event, query.q) ? null : { ...item, appId };
}
