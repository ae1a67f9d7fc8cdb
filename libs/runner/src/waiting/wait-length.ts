import { parseDurationMs } from '@sluice/contracts';
import type { ValueTemplate } from '../flows/value-template.ts';
import { StepError, type StepScope } from '../steps/step-type.ts';

const DEFAULT_WAIT_MS = 7 * 86_400_000;
/** A link is good for longer: see `linkExpiry`. */
export const MAX_WAIT_MS = 366 * 86_400_000;

/**
 * Until when a step waits for somebody, in Unix milliseconds: its `timeout`, a week unless given.
 * @throws StepError when it is no duration of at most 366 days.
 */
export function waitUntil(timeout: ValueTemplate | null, scope: StepScope): number {
  if (timeout === null) return scope.now.getTime() + DEFAULT_WAIT_MS;
  const value = timeout.evaluate(scope.context, scope);
  const ms = typeof value === 'string' ? parseDurationMs(value.trim()) : null;
  if (ms === null || ms > MAX_WAIT_MS) {
    const shown = JSON.stringify(value ?? null).slice(0, 100);
    throw new StepError('invalid_timeout', `"timeout" is not a duration (ISO 8601) of at most 366 days: ${shown}`);
  }
  return scope.now.getTime() + ms;
}

export const WAIT_OVER = 'wait_timeout';

/** Nobody came in time. */
export function waitOver(untilMs: number): StepError {
  return new StepError(WAIT_OVER, `nobody answered until ${new Date(untilMs).toISOString()}`);
}
