import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

/** One page as the API gives it. */
export interface ListPage<Item> {
  items: Item[];
  nextCursor?: string | null;
  /** Of the search: its time was over when it had looked back so far. */
  searchedUntil?: string | null;
}

const MOST_LIVE_PAGES = 2;

/** A list of the API as one long list: further pages are fetched when its end comes near (see DataTable's `onEnd`). */
export function usePages<Item>(
  key: QueryKey,
  read: (cursor: string | undefined) => Promise<ListPage<Item>>,
  refetchMs?: number,
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    // Rows must not move because somebody looked at another window.
    refetchOnWindowFocus: false,
    // All pages are read again, so a list that somebody has gone far down in stays as it is.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= MOST_LIVE_PAGES ? (refetchMs ?? false) : false),
  });
  const pages = query.data?.pages;
  // Once per page that came, not with every scrolled row.
  const items = useMemo(() => pages?.flatMap((page) => page.items) ?? [], [pages]);
  const onEnd = (): void => {
    if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
  };
  return { query, items, onEnd };
}
