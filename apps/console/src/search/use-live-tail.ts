import { useEffect, useRef, useState } from 'react';
import type { Found } from './found-columns.tsx';

/** So many are kept on the screen; what is older is in the search. */
const MOST_SHOWN = 1_000;

export type TailState = 'connecting' | 'live' | 'lost' | 'paused';

/**
 * LG-03: what happens in an app while it happens, the newest first. The browser connects again by itself and goes on behind
 * the last event it has seen; so does who pauses and goes on.
 * @param wanted the query of the API; for another one the component is made anew
 */
export function useLiveTail(wanted: string, isPaused: boolean) {
  const [items, setItems] = useState<(Found & { seen: string })[]>([]);
  const [connection, setConnection] = useState<Exclude<TailState, 'paused'>>('connecting');
  const [hasSkipped, setSkipped] = useState(false);
  const last = useRef<string | null>(null);

  useEffect(() => {
    if (isPaused) return;
    const after = last.current === null ? '' : `&after=${encodeURIComponent(last.current)}`;
    const source = new EventSource(`/v1/tail?${wanted}${after}`);
    const note = (event: MessageEvent): void => {
      if (event.lastEventId !== '') last.current = event.lastEventId;
    };
    source.addEventListener('ready', (event) => {
      note(event);
      setConnection('live');
    });
    source.addEventListener('item', (event: MessageEvent<string>) => {
      note(event);
      const seen = `${event.lastEventId} ${crypto.randomUUID()}`;
      const item = { ...(JSON.parse(event.data) as Found), seen };
      setConnection('live');
      setItems((before) => [item, ...before].slice(0, MOST_SHOWN));
    });
    source.addEventListener('skipped', (event) => {
      note(event);
      setSkipped(true);
    });
    source.addEventListener('error', () => setConnection('lost'));
    return () => {
      source.close();
      setConnection('connecting');
    };
  }, [wanted, isPaused]);

  const state: TailState = isPaused ? 'paused' : connection;
  return { items, state, hasSkipped };
}
