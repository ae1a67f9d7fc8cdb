import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Nobody waits for the delivery log, so its writes come in windows: after a batch that was not full the consumer rests
 * for the remainder of the window while the next batch gathers. One write of many rows costs a fraction of many writes
 * (hot-path measurements: the timeline's small writes were the first bottleneck of the whole path).
 */
export const WINDOW_MS = 200;
/** More at once would hold the event loop, and whoever is being accepted, for 20 ms (2,000: accept p99 52 ms, 400: 36). */
export const WINDOW_EVENTS = 400;
/**
 * Unless it is seconds behind. Sooner the log would take from the deliveries what they need: at 2,600 triggers/s they were
 * sent within 0.5 s, and within 3.6 s of steps of 2,000 by the log, which then kept up. In a burst consumers wait anyway.
 */
export const FAR_BEHIND = { from: 100_000, maxBatch: 2_000 };

export async function restOfWindow(startedAtMs: number, batchSize: number, signal: AbortSignal): Promise<void> {
  const left = WINDOW_MS - (Date.now() - startedAtMs);
  if (left <= 0 || batchSize >= WINDOW_EVENTS) return;
  await sleep(left, undefined, { signal }).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
}
