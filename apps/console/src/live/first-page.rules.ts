export interface WithId {
  id: string;
}

interface Pages<Item extends WithId> {
  pages: readonly { items: readonly Item[] }[];
}

/** What the newest page means for a list that somebody reads: rows that are there in their new state, and how many are not. */
export function patched<Data extends Pages<Item>, Item extends WithId>(
  shown: Data,
  newest: readonly Item[],
): { next: Data; count: number } {
  const byId = new Map(newest.map((item) => [item.id, item]));
  let known = 0;
  const pages = shown.pages.map((page) => ({
    ...page,
    items: page.items.map((item) => {
      const now = byId.get(item.id);
      if (now) known++;
      return now ?? item;
    }),
  }));
  return { next: { ...shown, pages }, count: byId.size - known };
}
