import { retryAfterMs } from '@sluice/outbound-http';
import { delayBeforeMs } from './retry-schedule.ts';

export interface AttemptVerdict {
  outcome: 'succeeded' | 'retry' | 'failed';
  /** Unix milliseconds; null unless it is tried again. */
  nextAttemptAtMs: number | null;
}

export interface AttemptFacts {
  /** Null when there was no answer. */
  status: number | null;
  retryAfter: string | undefined;
  schedule: readonly string[];
  /** Attempts made in this round, this one included. */
  tries: number;
  nowMs: number;
  /** From 0 to 1. */
  random: number;
}

const GONE = 410;
const SAYS_WHEN = new Set([429, 503]);

/** DL-03: how long a receiver that is overloaded asks to be left alone, in milliseconds; null when it does not ask. */
export function askedWaitMs(status: number, retryAfter: string | undefined, nowMs: number): number | null {
  return SAYS_WHEN.has(status) ? retryAfterMs(retryAfter, nowMs) : null;
}

/** DL-03: only 2xx is success, 410 ends the delivery, everything else comes again as the schedule says. */
export function decideAttempt(facts: AttemptFacts): AttemptVerdict {
  const { status } = facts;
  if (status !== null && status >= 200 && status < 300) return { outcome: 'succeeded', nextAttemptAtMs: null };
  const delayMs = status === GONE ? null : delayBeforeMs(facts.schedule, facts.tries, facts.random);
  if (delayMs === null) return { outcome: 'failed', nextAttemptAtMs: null };
  const askedMs = status === null ? null : askedWaitMs(status, facts.retryAfter, facts.nowMs);
  return { outcome: 'retry', nextAttemptAtMs: facts.nowMs + Math.max(delayMs, askedMs ?? 0) };
}
