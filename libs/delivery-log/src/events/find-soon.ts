import { setTimeout as sleep } from 'node:timers/promises';
import { timeOfId } from '@sluice/contracts';

/** An event whose id carries a time this near (milliseconds) may be on its way to the log. */
const YOUNG_MS = 60_000;
/** How often it is looked for again, and how long between (milliseconds): 2 s at most. */
const LOOKS = 40;
const PAUSE_MS = 50;
/** Requests of a process that wait at once; those beyond it are answered as things are. */
const MAX_WAITING = 50;

let waiting = 0;

/**
 * Looks for what an id names, and again for a moment when the id is young: a receiver that follows `entityUrl` as soon
 * as it is called may be quicker than the log (decision 0485).
 * @param find null while there is nothing
 */
export async function findSoon<T>(
  id: string,
  find: () => Promise<T | null>,
  pause: (ms: number) => Promise<unknown> = sleep,
): Promise<T | null> {
  const found = await find();
  if (found || Math.abs(Date.now() - timeOfId(id)) > YOUNG_MS || waiting >= MAX_WAITING) return found;
  waiting++;
  try {
    for (let look = 0; look < LOOKS; look++) {
      await pause(PAUSE_MS);
      const late = await find();
      if (late) return late;
    }
    return null;
  } finally {
    waiting--;
  }
}
