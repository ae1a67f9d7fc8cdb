import { useEffect, useRef, useState } from 'react';
import type { Found } from './found-columns.tsx';

/** So many are kept on the screen; what is older is in the search. */
const MOST_SHOWN = 1_000;
const AGAIN_MS = 5_000;
/** One stored event may tell of several things; the number tells them apart. */
let count = 0;

export type TailState = 'connecting' | 'live' | 'lost' | 'paused';
export type Seen = Found & { seen: string };

interface Listener {
  onState: (state: 'live' | 'lost') => void;
  /** Oldest first; all of a drawn frame at once, however many they are. */
  onItems: (items: readonly Seen[]) => void;
  onSkipped: () => void;
}

/**
 * One connection that is made anew by itself. Browsers go on behind the last event, but give up when they are refused (the
 * session has ended, too many follow).
 * @param last where to go on; told of each event
 */
function followTail(wanted: string, last: { current: string | null }, { onState, onItems, onSkipped }: Listener) {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let frame: number | null = null;
  const come: Seen[] = [];
  const note = ({ lastEventId }: MessageEvent): void => {
    if (lastEventId !== '') last.current = lastEventId;
    onState('live');
  };
  const draw = (): void => {
    frame = null;
    onItems(come.splice(0));
  };
  const open = (): void => {
    const after = last.current === null ? '' : `&after=${encodeURIComponent(last.current)}`;
    const mine = new EventSource(`/v1/tail?${wanted}${after}`);
    source = mine;
    mine.addEventListener('ready', note);
    mine.addEventListener('open', () => onState('live'));
    mine.addEventListener('item', (event: MessageEvent<string>) => {
      note(event);
      come.push({ ...(JSON.parse(event.data) as Found), seen: `${event.lastEventId} ${count++}` });
      // A page that is not looked at draws no frames.
      if (come.length > MOST_SHOWN) come.shift();
      frame ??= requestAnimationFrame(draw);
    });
    mine.addEventListener('skipped', (event) => {
      note(event);
      onSkipped();
    });
    mine.addEventListener('error', () => {
      onState('lost');
      if (mine.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS);
    });
  };
  open();
  return (): void => {
    source?.close();
    if (timer !== null) clearTimeout(timer);
    if (frame !== null) cancelAnimationFrame(frame);
    // What has come is not told again to who goes on.
    if (come.length > 0) onItems(come);
  };
}

/**
 * LG-03: what happens in an app while it happens, the newest first; who pauses and goes on misses nothing.
 * @param wanted the query of the API; for another one the component is made anew
 */
export function useLiveTail(wanted: string, isPaused: boolean) {
  const [items, setItems] = useState<readonly Seen[]>([]);
  const [connection, setConnection] = useState<Exclude<TailState, 'paused'>>('connecting');
  const [hasSkipped, setSkipped] = useState(false);
  const last = useRef<string | null>(null);

  useEffect(() => {
    if (isPaused) return undefined;
    const close = followTail(wanted, last, {
      onState: setConnection,
      onItems: (come) => setItems((before) => [...[...come].reverse(), ...before].slice(0, MOST_SHOWN)),
      onSkipped: () => setSkipped(true),
    });
    return () => {
      close();
      setConnection('connecting');
    };
  }, [wanted, isPaused]);

  const state: TailState = isPaused ? 'paused' : connection;
  return { items, state, hasSkipped };
}
