/** A filter of a list under a name: what stands after the `?` of its address. */
export interface SavedFilter {
  name: string;
  search: string;
}

const MOST = 50;

/** What was kept as text; anything unreadable is none. */
export function savedOf(text: string | null): SavedFilter[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(value)) return [];
    return value.filter(
      (each): each is SavedFilter => typeof each?.name === 'string' && typeof each?.search === 'string',
    );
  } catch {
    return []; // somebody else's text under our name
  }
}

/** The list with one more; the same name replaces. */
export function withSaved(all: readonly SavedFilter[], added: SavedFilter): SavedFilter[] {
  return [...all.filter(({ name }) => name !== added.name), added].slice(-MOST);
}

/** Lists of all apps share their filters: the key is the screen, without the app. */
export function screenOf(pathname: string): string {
  return `sluice.filters${pathname.replace(/^\/apps\/[^/]+/, '')}`;
}
