import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query';

interface Page<Item> {
  items: Item[];
  nextCursor?: string | null;
}

/** A list of the API as one long list: further pages are fetched when its end comes near (see DataTable's `onEnd`). */
export function usePages<Item>(
  key: QueryKey,
  read: (cursor: string | undefined) => Promise<Page<Item>>,
  refetchMs?: number,
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    ...(refetchMs === undefined ? {} : { refetchInterval: refetchMs }),
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const onEnd = (): void => {
    if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
  };
  return { query, items, onEnd };
}
