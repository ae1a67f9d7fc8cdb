import { derivedId } from '@sluice/contracts';
import type { DueItem, DueQueue } from '@sluice/due-queue';
import type { Alongside } from '@sluice/event-store';
import type { RunState } from '../runs/run-state.ts';
import { abandonedChildren } from './child-runs.ts';

/**
 * What the end of a run means to others, as due rows that are written with it: the run that waits for it is told, and
 * the runs that it waits for itself are cancelled. Whoever claims the rows does it; done twice it is done once.
 */
export function rowsOfEnd(run: RunState, nowMs: number): DueItem[] {
  const { started, finished } = run;
  if (!started || !finished) return [];
  const row = (kind: 'child_ended' | 'child_cancelled', runId: string): DueItem => ({
    id: derivedId(kind, runId, ''),
    key: started.flowId,
    dueAt: new Date(nowMs),
    leased: false,
    payload: { tick: kind, runId },
  });
  const told = started.parent?.waits ? [row('child_ended', run.id)] : [];
  const abandoned = finished.status === 'succeeded' ? [] : abandonedChildren(run);
  return [...told, ...abandoned.map((runId) => row('child_cancelled', runId))];
}

/** Nothing at all for most runs. */
export function scheduled(queue: DueQueue, items: readonly DueItem[]): Alongside[] {
  return items.length === 0 ? [] : [queue.schedule(items)];
}
