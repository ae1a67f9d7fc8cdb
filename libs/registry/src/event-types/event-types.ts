import { Injectable } from '@nestjs/common';
import type { Actor } from '@sluice/access';
import { BUILT_IN_EVENT_TYPES, type BuiltInEventType, derivedId, type FieldProblem } from '@sluice/contracts';
import { enforceSchema, EventSchemas, releaseSchema, schemaProblems } from '@sluice/event-schemas';
import { platformError } from '@sluice/platform';
import { ChangeLog, requireMatch } from '../changes/change-log.ts';
import type { Changed } from '../changes/changed.ts';
import { registryError } from '../registry.errors.ts';
import { invalidRequest, type JsonObject, validated } from '../requests/validated.ts';
import {
  changeEventType,
  createEventType,
  deleteEventType,
  type EventTypeDecision,
  type StoredEventType,
} from './event-type.decider.ts';
import { ChangeEventType, CreateEventType } from './event-type.requests.ts';
import { builtInViewOf, type EventTypeView, eventTypeViewOf } from './event-type.responses.ts';
import { eventTypeRow, eventTypeVersionRow } from './event-type-rows.ts';
import { EventTypeQueries } from './event-types.query.ts';

/** An app's catalogue of event types (RG-05): what their data looks like, and whether it has to. */
@Injectable()
export class EventTypes {
  constructor(
    private readonly changes: ChangeLog,
    private readonly queries: EventTypeQueries,
    private readonly schemas: EventSchemas,
  ) {}

  async create(body: unknown, appId: string, actor: Actor): Promise<Changed<EventTypeView>> {
    const request = await validated(CreateEventType, body, problemsOf);
    const { name, description = '', validate = false } = request;
    const schema = (body as JsonObject).schema ?? null;
    if (builtIn(name)) throw taken(name, 'is a built-in event type');
    requireSchema(validate, schema);
    return this.changes.deciding(undefined, async () => {
      const before = await this.queries.byName(appId, name);
      if (before && !before.deleted) throw taken(name, 'is in the catalogue already');
      const id = derivedId('event-type', appId, name);
      const decision = createEventType({ id, appId, name, description, schema, validate }, before, timeNow());
      return this.commit(decision, before?.streamVersion ?? 0, actor);
    });
  }

  change(name: string, body: unknown, appId: string, actor: Actor, ifMatch?: string): Promise<Changed<EventTypeView>> {
    return this.changes.deciding(ifMatch, async () => {
      const type = await this.own(name, appId);
      requireMatch(ifMatch, type.streamVersion);
      const { description, validate } = await validated(ChangeEventType, body, problemsOf);
      const patch = {
        ...(description === undefined ? {} : { description }),
        ...(validate === undefined ? {} : { validate }),
        ...('schema' in (body as JsonObject) ? { schema: (body as JsonObject).schema } : {}),
      };
      const decision = changeEventType(type, patch, timeNow());
      requireSchema(decision.state.validate, decision.state.schema);
      return this.commit(decision, type.streamVersion, actor);
    });
  }

  delete(name: string, appId: string, actor: Actor, ifMatch?: string): Promise<Changed<EventTypeView>> {
    return this.changes.deciding(ifMatch, async () => {
      const type = await this.own(name, appId);
      requireMatch(ifMatch, type.streamVersion);
      return this.commit(deleteEventType(type, timeNow()), type.streamVersion, actor);
    });
  }

  /** One of the app's, or a built-in one. @throws AppError 404 */
  async find(name: string, appId: string): Promise<{ view: EventTypeView; stored: StoredEventType | null }> {
    const fixed = builtIn(name);
    if (fixed) return { view: builtInViewOf(fixed), stored: null };
    const stored = await this.existing(name, appId);
    return { view: eventTypeViewOf(stored.state), stored };
  }

  /** One that the app may change. @throws AppError 404, 409 for a built-in one. */
  async own(name: string, appId: string): Promise<StoredEventType> {
    if (builtIn(name)) throw registryError('built_in', `${name} is a built-in event type: it cannot be changed`);
    return this.existing(name, appId);
  }

  /** One whose versions are kept. @throws AppError 404, also for a built-in one: it has had no other. */
  kept(name: string, appId: string): Promise<StoredEventType> {
    return this.existing(name, appId);
  }

  /** One whose history is asked for, also when it was deleted. @throws AppError 404 */
  async everKnown(name: string, appId: string): Promise<StoredEventType> {
    const type = await this.queries.byName(appId, name);
    if (!type) throw platformError('not_found', 'there is no such event type');
    return type;
  }

  private async existing(name: string, appId: string): Promise<StoredEventType> {
    const type = await this.queries.byName(appId, name);
    if (!type || type.deleted) throw platformError('not_found', 'there is no such event type');
    return type;
  }

  private async commit(
    decision: EventTypeDecision,
    expectedVersion: number,
    actor: Actor,
  ): Promise<Changed<EventTypeView>> {
    const { event, state, saved } = decision;
    const value = eventTypeViewOf(state);
    if (!event) return { value, streamVersion: expectedVersion, propagating: false };
    const streamVersion = expectedVersion + 1;
    const deleted = event.type === 'EventTypeDeleted';
    const position = await this.changes.commit({
      streamId: state.id,
      expectedVersion,
      appId: state.appId,
      actor,
      events: [event],
      alongside: [
        eventTypeRow(state, streamVersion, deleted),
        ...(saved ? [eventTypeVersionRow(state, `${actor.type}/${actor.id}`)] : []),
        state.validate && !deleted ? enforceSchema(state) : releaseSchema(state.id),
      ],
    });
    await this.schemas.refresh();
    // Tests of endpoints make their samples from the dispatchers' copy of the schema.
    const propagating = await this.changes.isPropagating(position, ['dispatcher']);
    return { value, streamVersion, propagating };
  }
}

const timeNow = (): string => new Date().toISOString();

function builtIn(name: string): BuiltInEventType | undefined {
  return BUILT_IN_EVENT_TYPES.find((type) => type.name === name);
}

function problemsOf(sent: JsonObject): FieldProblem[] {
  if (sent.schema === undefined || sent.schema === null) return [];
  return schemaProblems(sent.schema).map(({ pointer, message }) => ({ pointer: `/schema${pointer}`, message }));
}

function requireSchema(validate: boolean, schema: unknown): void {
  if (!validate || schema !== null) return;
  throw invalidRequest([{ pointer: '/validate', message: 'needs a schema to validate against' }]);
}

function taken(name: string, reason: string): Error {
  const errors = [{ pointer: '/name', message: reason }];
  return registryError('name_taken', `${JSON.stringify(name)} ${reason}`, { errors });
}
