import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is neither undefined, null nor false, and gives it back.
 * @param timeoutMs 10 seconds unless given; past it the last error or `what` explains what never came.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  timeoutMs = 10_000,
  what = 'what the test waits for',
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (let round = 0; ; round++) {
    try {
      const answer = await condition();
      lastError = undefined;
      if (answer !== undefined && answer !== null && answer !== false) return answer;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() >= deadline) {
      throw new Error(
        `${what} did not come within ${timeoutMs} ms`,
        lastError === undefined ? {} : { cause: lastError },
      );
    }
    await sleep(Math.min(5 + round, 50));
  }
}
