import type { EventTypeState } from '@sluice/contracts';
import type { RegistryEvent } from '../changes/registry-event.ts';

/** An event type as it is now, or as it was when it was deleted, and how far its stream has come. */
export interface StoredEventType {
  state: EventTypeState;
  streamVersion: number;
  deleted: boolean;
}

/** Fields that are absent stay as they are. */
export interface EventTypePatch {
  description?: string;
  schema?: unknown;
  validate?: boolean;
}

export interface EventTypeDecision {
  /** Null: nothing changes. */
  event: Extract<RegistryEvent, { data: { eventType: EventTypeState } }> | null;
  state: EventTypeState;
  /** Whether a version was saved that has to be kept. */
  saved: boolean;
}

/** @param before one of this name that was deleted: its versions stay, and this one's go on from them. */
export function createEventType(
  type: Pick<EventTypeState, 'id' | 'appId' | 'name' | 'description' | 'schema' | 'validate'>,
  before: StoredEventType | null,
  now: string,
): EventTypeDecision {
  const state = { ...type, version: (before?.state.version ?? 0) + 1, createdAt: now, updatedAt: now };
  return { event: { type: 'EventTypeCreated', data: { eventType: state } }, state, saved: true };
}

/** Another schema is another version. */
export function changeEventType(type: StoredEventType, patch: EventTypePatch, now: string): EventTypeDecision {
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const state: EventTypeState = { ...type.state, ...given };
  if (JSON.stringify(state) === JSON.stringify(type.state)) return { event: null, state: type.state, saved: false };
  const saved = JSON.stringify(state.schema) !== JSON.stringify(type.state.schema);
  const changed = { ...state, version: state.version + (saved ? 1 : 0), updatedAt: now };
  return { event: { type: 'EventTypeUpdated', data: { eventType: changed } }, state: changed, saved };
}

export function deleteEventType(type: StoredEventType, now: string): EventTypeDecision {
  const state = { ...type.state, updatedAt: now };
  return { event: { type: 'EventTypeDeleted', data: { eventType: state } }, state, saved: false };
}
