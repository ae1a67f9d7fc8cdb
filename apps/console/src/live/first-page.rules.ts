export interface WithId {
  id: string;
}

interface Pages<Item extends WithId> {
  pages: readonly { items: readonly Item[] }[];
}

/**
 * What the newest page means for a list that somebody reads: rows that are there in their new state, and how many are not.
 * Pages without any of them stay the very same, so that a list of 100,000 rows is not compared row by row.
 */
export function patched<Data extends Pages<Item>, Item extends WithId>(
  shown: Data,
  newest: readonly Item[],
): { next: Data; count: number } {
  const byId = new Map(newest.map((item) => [item.id, item]));
  let known = 0;
  const pages = shown.pages.map((page) => {
    if (known === byId.size) return page;
    const before = known;
    const items = page.items.map((item) => {
      const now = byId.get(item.id);
      if (now) known++;
      return now ?? item;
    });
    return known === before ? page : { ...page, items };
  });
  return { next: { ...shown, pages }, count: byId.size - known };
}
