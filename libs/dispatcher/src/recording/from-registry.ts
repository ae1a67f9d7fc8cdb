import type { BusEvent } from '@sluice/bus';
import { derivedId, type EndpointState, type FlowState, type TokenState, type TriggerState } from '@sluice/contracts';
import { idOfTime } from './id-of-time.ts';
import type { ReceivedEvent } from './received-event.ts';

interface Entity {
  number: number;
  path: string;
  data: Record<string, unknown>;
}

/** ET-10: the built-in event that a change of the registry is, and where its entity is found (ET-11). */
const BUILT_IN: Record<string, (data: never) => { type: string; entity: Entity }> = {
  AppCreated: ({ app }: { app: { id: string; environmentId: number } }) => ({
    type: 'App.Created',
    entity: { number: app.environmentId, path: 'apps', data: { ...app } },
  }),
  FlowCreated: (data: { flow: FlowState }) => flow('Flow.Created', data),
  FlowUpdated: (data: { flow: FlowState }) => flow('Flow.Updated', data),
  FlowStatusChanged: (data: { flow: FlowState }) => flow('Flow.Updated', data),
  FlowPublished: (data: { flow: FlowState }) => flow('Flow.Published', data),
  FlowDeleted: (data: { flow: FlowState }) => flow('Flow.Deleted', data),
  TriggerCreated: (data: { trigger: TriggerState }) => trigger('Trigger.Created', data),
  TriggerUpdated: (data: { trigger: TriggerState }) => trigger('Trigger.Updated', data),
  TriggerTokenAdded: (data: { trigger: TriggerState }) => trigger('Trigger.TokenRotated', data),
  TriggerTokenRevoked: (data: { trigger: TriggerState }) => trigger('Trigger.TokenRotated', data),
  TriggerSecretAdded: (data: { trigger: TriggerState }) => trigger('Trigger.TokenRotated', data),
  TriggerSecretRevoked: (data: { trigger: TriggerState }) => trigger('Trigger.TokenRotated', data),
  TriggerDeleted: (data: { trigger: TriggerState }) => trigger('Trigger.Deleted', data),
  EndpointCreated: (data: { endpoint: EndpointState }) => endpoint('Endpoint.Created', data),
  EndpointUpdated: (data: { endpoint: EndpointState }) => endpoint('Endpoint.Updated', data),
  EndpointDeleted: (data: { endpoint: EndpointState }) => endpoint('Endpoint.Deleted', data),
  TokenCreated: (data: { token: TokenState }) => token('Token.Created', data),
  TokenRevoked: (data: { token: TokenState }) => token('Token.Revoked', data),
};

export const REGISTRY_EVENT_TYPES = Object.keys(BUILT_IN);

function flow(type: string, data: { flow: FlowState; definition?: unknown }) {
  const shown = data.definition === undefined ? { ...data.flow } : { ...data.flow, definition: data.definition };
  return { type, entity: { number: data.flow.number, path: 'flows', data: shown } };
}

function trigger(type: string, data: { trigger: TriggerState }) {
  const { tokens, secrets = [], handshake, ...shown } = data.trigger;
  return {
    type,
    entity: {
      number: shown.number,
      path: 'triggers',
      data: {
        ...shown,
        tokens: tokens.map(({ id, createdAt }) => ({ id, createdAt })),
        secrets: secrets.map(({ id, createdAt }) => ({ id, createdAt })),
        handshake: handshake ? { type: handshake.type } : null,
      },
    },
  };
}

/** References to sealed values mean nothing to a receiver; that there is a secret does. */
function endpoint(type: string, data: { endpoint: EndpointState }) {
  const { secret, basicPass, headers, ...shown } = data.endpoint;
  const masked = {
    ...shown,
    hasSecret: secret !== null,
    hasBasicPass: basicPass !== null,
    headers: headers.map(({ key }) => ({ key })),
  };
  return { type, entity: { number: shown.id, path: 'webhooks', data: masked } };
}

function token(type: string, data: { token: TokenState }) {
  return { type, entity: { number: data.token.number, path: 'tokens', data: { ...data.token } } };
}

/**
 * The registry's streams never end and their ids may be years old, so the built-in event's id takes its time from when
 * the change was recorded; the rest is derived, and a redelivered change is dropped by its position.
 */
function eventIdOf(event: BusEvent): string {
  return derivedId('built-in', idOfTime(event.occurredAt.getTime()), `${event.streamId}/${event.version}`);
}

export function fromRegistry(event: BusEvent, publicUrl: string): ReceivedEvent[] {
  const translate = BUILT_IN[event.type];
  if (!translate || event.appId === null) return [];
  const { type, entity } = translate(event.data as never);
  const eventId = eventIdOf(event);
  return [
    {
      eventId,
      appId: event.appId,
      type,
      source: '/sluice/registry',
      sourceId: `${event.streamId}/${event.version}`,
      subject: String(entity.number),
      time: event.occurredAt.toISOString(),
      data: entity.data,
      entityId: String(entity.number),
      entityUrl: `${publicUrl}/rest/v1/${entity.path}/${entity.number}`,
      runId: null,
      requestId: null,
      correlationId: event.meta.correlationId,
      causationId: event.streamId,
      traceparent: event.meta.traceparent,
      dedupeKey: null,
    },
  ];
}
