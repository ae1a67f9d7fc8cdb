/** An id that carries a time (Unix milliseconds) and nothing else: the cause of ids that are derived from what has no id of ours. */
export function idOfTime(timeMs: number): string {
  const hex = timeMs.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
