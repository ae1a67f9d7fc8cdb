/** A run that another one waits for, and that waits for a place of its flow. */
export interface QueuedChild {
  runId: string;
  /** The runs that cannot end before it, the nearest last. */
  above: readonly string[];
  /** The runs that have the places of its flow. */
  holders: readonly string[];
}

/**
 * Runs that wait for each other in a circle: each needs a place that only runs have which wait, over others, for the next one.
 * @param queued as they are at one moment, the oldest first.
 * @returns null when there is none: whatever waits can begin once something ends that is under way.
 */
export function circleOf<T extends QueuedChild>(queued: readonly T[]): T[] | null {
  const stuck = stuckOf(queued);
  const waitedFor = new Map<string, T>();
  // Of several that a run waits for the oldest: any of them keeps it from its end.
  for (const each of stuck.toReversed()) for (const above of each.above) waitedFor.set(above, each);
  const way: T[] = [];
  for (let at = stuck[0]; at !== undefined; at = waitedFor.get(at.holders[0] as string)) {
    const before = way.indexOf(at);
    if (before >= 0) return way.slice(before);
    way.push(at);
  }
  return null;
}

/** Those that cannot begin whatever ends: all who have their places wait for runs that are stuck themselves. */
function stuckOf<T extends QueuedChild>(queued: readonly T[]): T[] {
  let stuck = queued.filter(({ holders }) => holders.length > 0);
  for (;;) {
    const waiting = new Set(stuck.flatMap(({ above }) => above));
    const still = stuck.filter(({ holders }) => holders.every((holder) => waiting.has(holder)));
    if (still.length === stuck.length) return still;
    stuck = still;
  }
}
