/** What is remembered of how deliveries to an endpoint fare. Unix milliseconds. */
export interface Health {
  /** The first failure after the last success. */
  failingSinceMs: number | null;
  /** When people were warned, for this failing or an earlier one that has not ended in a success. */
  warnedAtMs: number | null;
  /** The receiver asked to be left alone until then; 0 when it did not. */
  holdUntilMs: number;
}

export interface AttemptFacts {
  succeeded: boolean;
  /** Null when there was no answer. */
  status: number | null;
  /** How long the receiver asked to be left alone (429, 503), in milliseconds. */
  askedMs: number | null;
  nowMs: number;
}

export interface HealthLimits {
  warnAfterMs: number;
  pauseAfterMs: number;
}

/** `warn`, `recovered`: people are told; `gone`, `failing`: the endpoint is paused for that reason. */
export type HealthVerdict = 'warn' | 'recovered' | 'gone' | 'failing';

export interface HealthDecision {
  health: Health;
  verdict: HealthVerdict | null;
}

const GONE = 410;

/**
 * DL-03, DL-04: what one attempt says about its endpoint. Only time counts, never the number of failures: an endpoint is
 * paused when nothing has succeeded for that long and it fails once more.
 */
export function decideHealth(before: Health, facts: AttemptFacts, limits: HealthLimits): HealthDecision {
  if (facts.succeeded) {
    const health = { ...before, failingSinceMs: null, warnedAtMs: null };
    return { health, verdict: before.warnedAtMs === null ? null : 'recovered' };
  }
  const failingSinceMs = before.failingSinceMs ?? facts.nowMs;
  const holdUntilMs = Math.max(before.holdUntilMs, facts.askedMs === null ? 0 : facts.nowMs + facts.askedMs);
  const health = { ...before, failingSinceMs, holdUntilMs };
  if (facts.status === GONE) return { health: { ...health, warnedAtMs: facts.nowMs }, verdict: 'gone' };
  const failingMs = facts.nowMs - failingSinceMs;
  const warned = before.warnedAtMs !== null && before.warnedAtMs >= failingSinceMs;
  // However long nothing was sent: nobody is paused who was not warned before, in time to do something about it.
  if (!warned) {
    if (failingMs < limits.warnAfterMs) return { health, verdict: null };
    return { health: { ...health, warnedAtMs: facts.nowMs }, verdict: 'warn' };
  }
  const isTime = facts.nowMs >= pausedFromMs(failingSinceMs, before.warnedAtMs ?? facts.nowMs, limits);
  return { health, verdict: isTime ? 'failing' : null };
}

/**
 * From when on one more failure pauses the endpoint. Who sends once a fortnight fails the second time after twice the time: the
 * warning would have come seconds before the pause.
 */
export function pausedFromMs(failingSinceMs: number, warnedAtMs: number, limits: HealthLimits): number {
  return Math.max(failingSinceMs + limits.pauseAfterMs, warnedAtMs + limits.warnAfterMs);
}
