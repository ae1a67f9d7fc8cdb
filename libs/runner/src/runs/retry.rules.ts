import type { CompiledStep, EffectResult, RetryRule } from '../steps/step-type.ts';

const MAX_WAIT_MS = 86_400_000;

/**
 * How long to wait before the next attempt, or null when this was the last one.
 * @param failures attempts that failed before this one.
 * @param spread 0 to 1, the same whenever the same attempt is decided: what the jitter takes its chance from.
 */
export function retryAfter(step: CompiledStep, result: EffectResult, failures: number, spread: number): number | null {
  const { retry } = step;
  if (failures + 1 >= retry.maxAttempts || !isTriedAgain(retry, result)) return null;
  const grown = retry.backoff === 'fixed' ? retry.initialMs : retry.initialMs * 2 ** failures;
  const backoffMs = Math.min(retry.maxMs, grown);
  const jittered = Math.round(backoffMs * (1 + retry.jitter * (2 * spread - 1)));
  return Math.max(jittered, Math.min(MAX_WAIT_MS, result.retryAfterMs ?? 0));
}

/** What the flow lists is tried again; where it lists nothing the type of step has judged. */
function isTriedAgain(retry: RetryRule, { error, output, retryable }: EffectResult): boolean {
  if (retry.on === null) return error !== null && retryable;
  if (error !== null && retry.on.has(error.code)) return true;
  const status = (output as { status?: unknown } | null | undefined)?.status;
  if (typeof status !== 'number') return false;
  return retry.on.has(String(status)) || retry.on.has(`${String(status)[0]}xx`);
}

/** A number from 0 to 1 out of an idempotency key and an attempt: spreads retries, and is the same in every process. */
export function spreadOf(idempotencyKey: string, attempt: number): number {
  let hash = 2_166_136_261 ^ attempt;
  // FNV-1a: spreads well enough over the keys, which are hashes themselves.
  for (let index = 0; index < idempotencyKey.length; index++) {
    hash = Math.imul(hash ^ idempotencyKey.charCodeAt(index), 16_777_619);
  }
  return (hash >>> 0) / 0xffff_ffff;
}
