import type { RunState } from '../runs/run-state.ts';
import { limitKeyOf } from './limit.rules.ts';

/** The key whose turn, or one of whose places, the run holds until its end; null when others do not wait for it. */
export function heldKeyOf({ started }: RunState, appId: string | null): string | null {
  if (!started) return null;
  return started.orderingKey ?? (started.limited ? limitKeyOf(appId, started.flowId) : null);
}
