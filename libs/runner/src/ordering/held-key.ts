import type { RunState } from '../runs/run-state.ts';
import { limitKeyOf, placesKeyOf } from './limit.rules.ts';

/** What the run holds until its end and others wait for: the turn of its key, a place of its flow, a place of its app. */
export function heldKeysOf({ started }: RunState, appId: string | null): string[] {
  if (!started) return [];
  const keys = started.orderingKey === undefined ? [] : [started.orderingKey];
  if (started.limited) keys.push(limitKeyOf(appId, started.flowId));
  if (started.appLimited) keys.push(placesKeyOf(appId));
  return keys;
}
