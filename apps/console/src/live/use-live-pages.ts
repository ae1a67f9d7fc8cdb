import { type InfiniteData, type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { type ListPage, usePages } from '../api/pages.ts';
import { patched, type WithId } from './first-page.rules.ts';
import { type LiveFilter, useLiveSigns } from './use-live-signs.ts';

type Cached<Item> = InfiniteData<ListPage<Item>, string | undefined>;

/**
 * A list whose news come by themselves. While nobody is in it they appear at its top; who has scrolled, or stands in it
 * with the keyboard, keeps the rows where they are: those change in place, and `fresh` says how many new ones wait.
 */
export function useLivePages<Item extends WithId>(
  key: QueryKey,
  read: (cursor: string | undefined) => Promise<ListPage<Item>>,
  live: { filter: LiveFilter; pollMs: number },
) {
  const queries = useQueryClient();
  const list = usePages(key, read);
  const name = JSON.stringify(key);
  const [waiting, setWaiting] = useState({ name, count: 0 });
  const fresh = waiting.name === name ? waiting.count : 0;
  const [top, setTop] = useState(0);
  const isHeld = useRef(false);

  /** From the newest again, as if one had just come: pages that were fetched further down are let go. */
  const renew = async (): Promise<void> => {
    setWaiting({ name, count: 0 });
    queries.setQueryData<Cached<Item>>(key, (now) =>
      now ? { pages: now.pages.slice(0, 1), pageParams: now.pageParams.slice(0, 1) } : now,
    );
    await queries.refetchQueries({ queryKey: key, exact: true });
  };
  const look = async (): Promise<void> => {
    const shown = queries.getQueryData<Cached<Item>>(key);
    if (!shown || shown.pages[0]?.items.length === 0 || !(isHeld.current || fresh > 0)) return renew();
    const { items } = await read(undefined);
    const { count } = patched(shown, items);
    queries.setQueryData<Cached<Item>>(key, (now) => (now ? patched(now, items).next : now));
    setWaiting({ name, count });
  };
  const state = useLiveSigns(live.filter, live.pollMs, look);
  const onHold = useCallback((now: boolean): void => {
    isHeld.current = now;
  }, []);
  const onShow = (): void => {
    isHeld.current = false;
    setTop((count) => count + 1);
    void renew();
  };
  return { ...list, state, fresh, onShow, onHold, top };
}
