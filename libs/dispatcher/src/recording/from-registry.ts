import type { BusEvent } from '@sluice/bus';
import { DEFAULT_APP_ID } from '@sluice/access';
import {
  derivedId,
  type EndpointState,
  type FlowState,
  type TokenState,
  type TriggerState,
  type UserLoggedIn,
  type UserState,
} from '@sluice/contracts';
import { idOfTime } from './id-of-time.ts';
import type { ReceivedEvent } from './received-event.ts';

interface Built {
  type: string;
  entity: Entity;
  /** The apps whose event it is, for what belongs to none or to several. */
  apps?: readonly string[];
}

interface Entity {
  number: number;
  path: string;
  data: Record<string, unknown>;
}

/** ET-10: the built-in event that a change of the registry is, and where its entity is found (ET-11). */
const BUILT_IN: Record<string, (data: never) => Built | Built[]> = {
  // Nobody listens in an app that is new, so the default app, whose administrators make apps, is told as well.
  AppCreated: ({ app }: { app: { id: string; environmentId: number } }) =>
    [...new Set([app.id, DEFAULT_APP_ID])].map((id) => ({
      type: 'App.Created',
      apps: [id],
      entity: { number: app.environmentId, path: 'apps', data: { ...app } },
    })),
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
  EndpointSecretRotated: (data: { endpoint: EndpointState }) => endpoint('Endpoint.Updated', data),
  EndpointDeleted: (data: { endpoint: EndpointState }) => endpoint('Endpoint.Deleted', data),
  TokenCreated: (data: { token: TokenState }) => token('Token.Created', data),
  TokenRegenerated: (data: { token: TokenState }) => [token('Token.Revoked', data), token('Token.Created', data)],
  TokenRevoked: (data: { token: TokenState }) => token('Token.Revoked', data),
  UserCreated: (data: { user: UserState }) => user('User.Created', data.user),
  UserUpdated: (data: { user: UserState }) => user('User.Updated', data.user),
  UserPasswordChanged: (data: { user: UserState }) => user('User.Updated', data.user),
  UserDeleted: (data: { user: UserState }) => user('User.Deleted', data.user),
  UserLoggedIn: (data: UserLoggedIn) => user('User.LoggedIn', data.user, { session: data.session }),
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
export function endpointEntity(state: EndpointState): Record<string, unknown> {
  const { secret, basicPass, headers, previousSecrets: _, ...shown } = state;
  return {
    ...shown,
    hasSecret: secret !== null,
    hasBasicPass: basicPass !== null,
    headers: headers.map(({ key }) => ({ key })),
  };
}

function endpoint(type: string, data: { endpoint: EndpointState }) {
  return { type, entity: { number: data.endpoint.id, path: 'webhooks', data: endpointEntity(data.endpoint) } };
}

function token(type: string, data: { token: TokenState }) {
  return { type, entity: { number: data.token.number, path: 'tokens', data: { ...data.token } } };
}

/** A user is everybody's business where they have a role; an app learns nothing of their roles in others. */
function user(type: string, state: UserState, more: Record<string, unknown> = {}): Built[] {
  const apps = [...new Set(state.roles.map(({ appId }) => appId ?? DEFAULT_APP_ID))];
  return apps.map((app) => {
    const roles = state.roles.filter(({ appId }) => appId === null || appId === app);
    return { type, apps: [app], entity: { number: state.number, path: 'users', data: { ...state, roles, ...more } } };
  });
}

/**
 * The registry's streams never end and their ids may be years old, so the built-in event's id takes its time from when
 * the change was recorded; the rest is derived, and a redelivered change is dropped by its position.
 */
function eventIdOf(event: BusEvent, sourceId: string): string {
  return derivedId('built-in', idOfTime(event.occurredAt.getTime()), sourceId);
}

export function fromRegistry(event: BusEvent, publicUrl: string): ReceivedEvent[] {
  const translate = BUILT_IN[event.type];
  if (!translate) return [];
  const built = [translate(event.data as never)].flat();
  return built.flatMap((each, index) => {
    // What belongs to all apps, such as a token for all of them, is told where such a token works without naming one.
    const apps = each.apps ?? [event.appId ?? DEFAULT_APP_ID];
    return apps.map((appId) => received(event, each, appId, index, publicUrl));
  });
}

function received(event: BusEvent, { type, entity }: Built, appId: string, index: number, url: string): ReceivedEvent {
  const sourceId = `${event.streamId}/${event.version}${index === 0 ? '' : `/${index}`}`;
  return {
    eventId: eventIdOf(event, sourceId),
    appId,
    type,
    source: '/sluice/registry',
    sourceId,
    subject: String(entity.number),
    time: event.occurredAt.toISOString(),
    data: entity.data,
    entityId: String(entity.number),
    entityUrl: `${url}/rest/v1/${entity.path}/${entity.number}`,
    runId: null,
    requestId: null,
    correlationId: event.meta.correlationId,
    causationId: event.streamId,
    traceparent: event.meta.traceparent,
    ...(event.meta.actor ? { actor: { type: event.meta.actor.type, id: event.meta.actor.id } } : {}),
    dedupeKey: null,
  };
}
