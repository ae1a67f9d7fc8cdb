/** How many runs of a flow may be under way, and what becomes of the others. */
export interface RunLimit {
  limit: number;
  whenFull: 'queue' | 'reject';
}

/** The places that are shared by the runs of a flow, or of an app. */
export interface PlaceScope {
  key: string;
  limit: number;
  whenFull: RunLimit['whenFull'];
}

/** A key of runs that wait, with the rank of the run that gives it its turn: 0 is served first. */
export interface RankedKey {
  rank: number;
  key: string;
}

const APP_CHARS = 36;
const NO_APP = '00000000-0000-0000-0000-000000000000';
/** Ordering keys go on with `live` or `draft` after the app. */
const LIMIT = '/limit/';
const PLACES = '/places';
const CHILD = '/child';
const MAX_PRIORITY = 9;

/** Where the runs of a limited flow wait: a key like those of ordered runs, which begin with their app too. */
export function limitKeyOf(appId: string | null, flowId: string): string {
  return `${appId ?? NO_APP}${LIMIT}${flowId}`;
}

/** Where those runs of it wait that count as part of another run: nothing that waits for a place stands before them. */
export function childKeyOf(appId: string | null, flowId: string): string {
  return `${limitKeyOf(appId, flowId)}${CHILD}`;
}

/** Runs of such a key have their place in the app by another run. */
export function isChildKey(key: string): boolean {
  return isLimitKey(key) && key.endsWith(CHILD);
}

/** The places of an app. Nobody waits in a queue of this name. */
export function placesKeyOf(appId: string | null): string {
  return `${appId ?? NO_APP}${PLACES}`;
}

export function isLimitKey(key: string): boolean {
  return key.startsWith(LIMIT, APP_CHARS);
}

/** The app that a key belongs to, as `appId` of a run; runs without an app have one of zeros. */
export function appOfKey(key: string): string {
  return key.slice(0, APP_CHARS);
}

export function rankOf(priority: number): number {
  return MAX_PRIORITY - priority;
}

/** Slots that nobody holds. @param held also those beyond the limit, where it was higher before. */
export function freeSlots(limit: number, held: readonly number[], most: number): number[] {
  const free: number[] = [];
  const taken = new Set(held);
  const room = Math.min(most, limit - held.length);
  for (let slot = 0; slot < limit && free.length < room; slot++) if (!taken.has(slot)) free.push(slot);
  return free;
}

/**
 * The keys to look at next: one of each app in turn, so that an app with a thousand keys has no more turns than one with
 * a single one. Apps and keys come in the order in which they were woken.
 */
export function fairKeys(woken: Iterable<string>, most: number): string[] {
  const byApp = new Map<string, string[]>();
  for (const key of woken) {
    const keys = byApp.get(appOfKey(key));
    if (keys) keys.push(key);
    else byApp.set(appOfKey(key), [key]);
  }
  const fair: string[] = [];
  for (let turn = 0; fair.length < most && byApp.size > 0; turn++) {
    for (const [app, keys] of byApp) {
      const key = keys[turn];
      if (key === undefined) byApp.delete(app);
      else if (fair.length < most) fair.push(key);
    }
  }
  return fair;
}

/**
 * The keys of an app in the order in which they are served: by rank, and within a rank from the one behind the last that
 * was served, so that they have turns. A key that stands in several ranks counts by its first: what stands before an
 * urgent run in its line is as urgent.
 * @param ranked by rank and key. @param last the key of each rank that was served last.
 */
export function keysInTurn(ranked: readonly RankedKey[], last: ReadonlyMap<number, string>): RankedKey[] {
  const seen = new Set<string>();
  const once = ranked.filter(({ key }) => !seen.has(key) && seen.add(key));
  const isBehind = ({ rank, key }: RankedKey) => key > (last.get(rank) ?? '');
  return once.sort((a, b) => a.rank - b.rank || Number(isBehind(b)) - Number(isBehind(a)) || (a.key < b.key ? -1 : 1));
}
