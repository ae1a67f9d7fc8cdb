/** What the log may take. */
export interface RetentionLimits {
  /** Days that are kept beside today. */
  days: number;
  /** Bytes on disk of all tables; null is no limit. */
  totalBytes: number | null;
  /** Bytes of one app, as they are counted when its rows are written; null is no limit. */
  appBytes: number | null;
  /** Bytes on disk of records of rejected requests. */
  rejectionBytes?: number;
  /** For some apps other limits than these. */
  apps: Readonly<Record<string, { days?: number | undefined; bytes?: number | undefined }>>;
}

/** How many bytes an app has written for a day (days since 1970). */
export interface AppDay {
  appId: string;
  day: number;
  bytes: number;
}

/**
 * The first day of each app that its limits leave visible; apps without rows have none. Today is always visible.
 */
export function floorsOf(limits: RetentionLimits, appDays: readonly AppDay[], today: number): Map<string, number> {
  const floors = new Map<string, number>();
  const bytes = new Map<string, number>();
  for (const { appId, day, bytes: added } of appDays.toSorted((a, b) => b.day - a.day)) {
    const own = limits.apps[appId];
    const limit = own?.bytes ?? limits.appBytes;
    const sum = (bytes.get(appId) ?? 0) + added;
    bytes.set(appId, sum);
    const oldest = today - (own?.days ?? limits.days);
    const isOver = day < oldest || (limit !== null && sum > limit);
    const floor = floors.get(appId) ?? Math.min(oldest, day);
    floors.set(appId, isOver ? Math.max(floor, Math.min(day + 1, today)) : floor);
  }
  return floors;
}

/**
 * The days to drop: those that no app may see any more, and from the oldest on as many as the whole is too large.
 * Today and yesterday always stay: what is on its way is there.
 * @param dayBytes what each day's partitions take
 */
export function daysToDrop(
  limits: RetentionLimits,
  dayBytes: ReadonlyMap<number, number>,
  appDays: readonly AppDay[],
  floors: ReadonlyMap<string, number>,
  today: number,
): number[] {
  const mostDays = Math.max(limits.days, ...Object.values(limits.apps).map(({ days }) => days ?? 0));
  const wanted = new Set(appDays.filter(({ appId, day }) => day >= (floors.get(appId) ?? 0)).map(({ day }) => day));
  const counted = new Set(appDays.map(({ day }) => day));
  const days = [...dayBytes.keys()].filter((day) => day < today - 1).sort((a, b) => a - b);
  const unseen = days.filter((day) => day < today - mostDays || (counted.has(day) && !wanted.has(day)));
  let left = [...dayBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  for (const day of unseen) left -= dayBytes.get(day) ?? 0;
  const dropped = new Set(unseen);
  for (const day of days) {
    if (limits.totalBytes === null || left <= limits.totalBytes) break;
    if (dropped.has(day)) continue;
    dropped.add(day);
    left -= dayBytes.get(day) ?? 0;
  }
  return [...dropped].sort((a, b) => a - b);
}

/** Of the partitions of one table the oldest that are too much; today's and yesterday's always stay. */
export function surplusDays<P extends { day: number | null; bytes: number }>(
  partitions: readonly P[],
  limitBytes: number,
  today: number,
): P[] {
  let bytes = 0;
  return partitions
    .toSorted((a, b) => (b.day ?? 0) - (a.day ?? 0))
    .filter((each) => {
      bytes += each.bytes;
      return bytes > limitBytes && each.day !== null && each.day < today - 1;
    });
}
