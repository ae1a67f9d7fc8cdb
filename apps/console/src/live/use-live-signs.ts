import { useEffect, useRef, useState } from 'react';
import { useAppId } from '../api/use-api.ts';
import { LookSchedule } from './look-schedule.ts';

/** How the screen learns of news: told by the server, or by looking again every few seconds. */
export type LiveState = 'live' | 'polling';

/** What the tail narrows by (GET /v1/tail). */
export interface LiveFilter {
  kinds?: string;
  id?: string;
  triggerId?: string;
  endpointId?: string;
  eventType?: string;
}

const AGAIN_MS = 15_000;
/** Also while it is told: not every change is an event of the tail (a run that begins to wait in the midst of a list). */
const SAFETY_MS = 30_000;

/** One connection that is made anew by itself. Gives back how it is closed. */
function follow(query: string, onSign: () => void, onState: (state: LiveState) => void): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const open = (): void => {
    const mine = new EventSource(`/v1/tail?${query}`);
    source = mine;
    // What happened before it was open is read once.
    mine.addEventListener('ready', () => {
      onState('live');
      onSign();
    });
    mine.addEventListener('item', onSign);
    mine.addEventListener('skipped', onSign);
    mine.addEventListener('error', () => {
      onState('polling');
      // Refused (the session has ended, too many follow): the browser tries no more by itself.
      if (mine.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS);
    });
    // It goes on behind the last event by itself, and is not told `ready` again then.
    mine.addEventListener('open', () => onState('live'));
  };
  open();
  return () => {
    source?.close();
    if (timer !== null) clearTimeout(timer);
  };
}

/**
 * Looks again when something happened that fits the filter, by one server-sent stream (LG-03), and every `pollMs` while
 * there is none. Only while the page is seen: browsers open six connections to a server over HTTP/1.1, and six forgotten
 * tabs would leave none for the seventh.
 * @param filter null: nothing can happen any more
 * @param look reads what is shown again; may fail, and is called again all the same
 */
export function useLiveSigns(filter: LiveFilter | null, pollMs: number, look: () => Promise<unknown>): LiveState {
  const appId = useAppId();
  const query = filter === null ? null : new URLSearchParams({ appId: appId ?? '', ...filter }).toString();
  const [state, setState] = useState<LiveState>('polling');
  const latest = useRef(look);
  useEffect(() => {
    latest.current = look;
  });

  useEffect(() => {
    if (query === null) return undefined;
    const schedule = new LookSchedule(() => latest.current().catch(() => undefined));
    let close: (() => void) | null = null;
    let current: LiveState = 'polling';
    const told = (now: LiveState): void => {
      current = now;
      setState(now);
    };
    const turn = (): void => {
      close?.();
      close = document.hidden ? null : follow(query, () => schedule.sign(), told);
      if (document.hidden) told('polling');
    };
    const again = (isDue: () => boolean): void => {
      if (isDue() && !document.hidden) void latest.current().catch(() => undefined);
    };
    const poll = setInterval(() => again(() => current === 'polling'), pollMs);
    const safety = setInterval(() => again(() => current === 'live'), SAFETY_MS);
    document.addEventListener('visibilitychange', turn);
    turn();
    return () => {
      document.removeEventListener('visibilitychange', turn);
      clearInterval(poll);
      clearInterval(safety);
      close?.();
      schedule.stop();
    };
  }, [query, pollMs]);
  return state;
}
