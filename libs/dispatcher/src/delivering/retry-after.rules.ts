/** Longer than any schedule of ours; a receiver that says more has its clock or its mind wrong. */
const LONGEST_MS = 7 * 24 * 3_600_000;

/** `Retry-After` (RFC 9110 §10.2.3) as milliseconds from now: seconds or an HTTP date; null when it is neither. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS);
  // An HTTP date has letters; Date.parse alone would also read "12" or "1.5".
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.min(Math.max(0, atMs - nowMs), LONGEST_MS);
}
