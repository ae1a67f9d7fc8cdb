/** How many runs of a flow may be under way, and what becomes of the others. */
export interface RunLimit {
  limit: number;
  whenFull: 'queue' | 'reject';
}

const APP_CHARS = 36;
const NO_APP = '00000000-0000-0000-0000-000000000000';
/** Ordering keys go on with `live` or `draft` after the app. */
const LIMIT = '/limit/';

/** Where the runs of a limited flow wait: a key like those of ordered runs, which begin with their app too. */
export function limitKeyOf(appId: string | null, flowId: string): string {
  return `${appId ?? NO_APP}${LIMIT}${flowId}`;
}

export function isLimitKey(key: string): boolean {
  return key.startsWith(LIMIT, APP_CHARS);
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
    const app = key.slice(0, APP_CHARS);
    const keys = byApp.get(app);
    if (keys) keys.push(key);
    else byApp.set(app, [key]);
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
