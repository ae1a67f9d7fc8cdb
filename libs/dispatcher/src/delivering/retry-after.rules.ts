/** Longer than any schedule of ours; a receiver that says more has its clock or its mind wrong. */
const LONGEST_MS = 7 * 24 * 3_600_000;

/** The oldest of the three forms names no zone; it is UTC (RFC 9110 §5.6.7), and Date.parse would take it for the machine's own. */
const ASCTIME = /^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** `Retry-After` (RFC 9110 §10.2.3) as milliseconds from now: seconds or an HTTP date; null when it is neither. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS);
  // An HTTP date has letters; Date.parse alone would also read "12" or "1.5".
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null;
  const atMs = Date.parse(ASCTIME.test(text) ? `${text} GMT` : text);
  return Number.isNaN(atMs) ? null : Math.min(Math.max(0, atMs - nowMs), LONGEST_MS);
}
