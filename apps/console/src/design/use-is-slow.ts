import { useEffect, useState } from 'react';

/** After so long somebody begins to wonder. */
const SLOW_MS = 4_000;

/** Whether it has gone on for longer than one expects. */
export function useIsSlow(isGoing: boolean): boolean {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    if (!isGoing) return undefined;
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => {
      clearTimeout(timer);
      setSlow(false);
    };
  }, [isGoing]);
  return isGoing && isSlow;
}
