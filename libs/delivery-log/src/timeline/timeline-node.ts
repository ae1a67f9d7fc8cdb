/** One thing that happened, with what it led to. Times are RFC 3339 with milliseconds. */
export interface TimelineNode {
  kind: 'request' | 'run' | 'step' | 'event' | 'delivery' | 'attempt';
  id: string;
  title: string;
  status: string;
  at: string | null;
  endedAt: string | null;
  /** From `at` to `endedAt`; null while it goes on. */
  durationMs: number | null;
  /** What directly caused it: the id of another node, or null for the root. */
  causedBy: string | null;
  detail: Record<string, unknown>;
  children: TimelineNode[];
}

export function durationOf(at: string | null, endedAt: string | null): number | null {
  return at && endedAt ? Math.max(0, Date.parse(endedAt) - Date.parse(at)) : null;
}
