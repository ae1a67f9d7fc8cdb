const LOCAL_PARTS = ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'] as const;

/**
 * The engine takes its clock and its time zone from this thread's `Date`, which nobody else uses. In UTC the same code
 * gives the same on every machine; `TZ` is the whole process' and cannot be set for a thread.
 */
export function liveInUtc(): void {
  const local = Date.prototype as unknown as Record<string, unknown>;
  for (const part of LOCAL_PARTS) local[`get${part}`] = local[`getUTC${part}`];
  local.getTimezoneOffset = (): number => 0;
}

/** What `Date.now()` says from now on, in this thread and to its guests. */
export function liveAt(nowMs: number): void {
  Date.now = (): number => nowMs;
}
