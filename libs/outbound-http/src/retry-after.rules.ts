/** Longer than any schedule of ours; a receiver that says more has its clock or its mind wrong. */
const LONGEST_MS = 7 * 24 * 3_600_000;

/** The oldest of the three forms names no zone; it is UTC (RFC 9110 §5.6.7), and Date.parse would take it for the machine's own. */
const ASCTIME = /^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** The other two, in other zones and with fewer digits, too: those who send them are many. */
const HTTP_DATE = /^[a-z]{3,9},? \d{1,2}[ -][a-z]{3}[ -]\d{2,4} \d{2}:\d{2}:\d{2} (?:GMT|UTC?|[+-]\d{4})$/i;

/** `Retry-After` (RFC 9110 §10.2.3) as milliseconds from now: seconds or an HTTP date; null when it is neither. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS);
  // Date.parse alone would also read "1.5", and "after 3600" as a year.
  if (!ASCTIME.test(text) && !HTTP_DATE.test(text)) return null;
  const atMs = Date.parse(ASCTIME.test(text) ? `${text} GMT` : text);
  return Number.isNaN(atMs) ? null : Math.min(Math.max(0, atMs - nowMs), LONGEST_MS);
}
