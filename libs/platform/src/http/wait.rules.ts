import { parseDurationMs } from '@sluice/contracts';

/** Longest time that a caller may wait for a run. */
export const MAX_WAIT_MS = 60_000;
const SHORT = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)?$/;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000 } as const;

/** `30s`, `500ms`, `1m`, bare seconds or an ISO 8601 duration as milliseconds; null when it is none of them or too long. */
export function waitMs(text: string): number | null {
  const match = SHORT.exec(text);
  const ms = match ? Number(match[1]) * UNIT_MS[(match[2] ?? 's') as keyof typeof UNIT_MS] : parseDurationMs(text);
  return ms === null || ms > MAX_WAIT_MS ? null : Math.round(ms);
}
