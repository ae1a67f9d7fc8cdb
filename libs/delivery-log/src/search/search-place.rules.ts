import { firstIdAt, timeOfId } from '@sluice/contracts';

/** Where something stands among all kinds: by time in milliseconds, then by id; newest first. */
export interface Place {
  ms: number;
  id: string;
}

/** Negative when `a` is newer. */
export function newestFirst(a: Place, b: Place): number {
  if (a.ms !== b.ms) return b.ms - a.ms;
  return a.id === b.id ? 0 : a.id < b.id ? 1 : -1;
}

/**
 * What stands behind the place among those whose time is the one in their id: ids below this one. The id of the place
 * may carry another time than the place, when it is a delivery's.
 */
export function idBound({ ms, id }: Place): string {
  const carried = timeOfId(id);
  if (carried === ms) return id;
  return firstIdAt(carried < ms ? ms : ms + 1);
}

/** What one kind has found: its places, and how far it has looked; null when there is nothing left behind. */
export interface Found {
  places: Place[];
  reached: Place | null;
}

/**
 * The page of several kinds: as far as all of them have looked. What lies behind the least far reach would be followed
 * by newer ones on the next page.
 */
export function pageOf(
  found: readonly Found[],
  limit: number,
): { places: Place[]; next: Place | null; isCut: boolean } {
  const all = found.flatMap(({ places }) => places).sort(newestFirst);
  const reaches = found.flatMap(({ reached }) => (reached ? [reached] : []));
  const nearest = reaches.sort(newestFirst)[0];
  const certain = nearest ? all.filter((place) => newestFirst(place, nearest) <= 0) : all;
  const places = certain.slice(0, limit);
  const last = places.at(-1);
  if (certain.length > limit && last) return { places, next: last, isCut: false };
  return { places, next: nearest ?? null, isCut: nearest !== undefined };
}
