import { useCallback, useEffect, useRef, useState } from 'react';
import { topFor, windowOf } from './row-window.rules.ts';

/** Until it is known how high the list is. */
const FIRST_HEIGHT_PX = 700;

/** The rows of a scrolled list to draw. No row is measured: all are equally high, so a list of any length costs the same. */
export function useRowWindow(count: number, rowPx: number, headPx: number) {
  const frame = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: FIRST_HEIGHT_PX });
  const look = useCallback((): void => {
    const element = frame.current;
    if (!element) return;
    const { scrollTop: top, clientHeight: height } = element;
    const next = windowOf(top, height, rowPx, count);
    setSeen((before) => {
      const now = windowOf(before.top, before.height, rowPx, count);
      return now.first === next.first && now.end === next.end ? before : { top, height };
    });
  }, [count, rowPx]);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [look]);
  const show = (index: number): void => {
    const element = frame.current;
    if (!element) return;
    const { scrollTop: top, clientHeight: height } = element;
    element.scrollTo({ top: topFor(index, { top, height }, rowPx, headPx) });
  };
  return { frame, ...windowOf(seen.top, seen.height, rowPx, count), look, show };
}
