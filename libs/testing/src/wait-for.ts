import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is neither undefined, null nor false, and gives it back.
 * @param timeoutMs 30 seconds unless given; past it the last error or `what` explains what never came.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  timeoutMs = 30_000,
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

/**
 * Asserts until it holds. In vain it says so as `waitFor` does, with what was wrong at last as its cause: `vi.waitFor` throws
 * that itself, and `npm test` cannot tell what came late from what is wrong (decision 0220).
 *
 * @returns what the assertion gave back.
 * @param timeoutMs 45 seconds unless given: less than a test may take.
 */
export async function eventually<T>(assertion: () => T | Promise<T>, timeoutMs = 45_000): Promise<T> {
  const held = await waitFor(async () => ({ answer: await assertion() }), timeoutMs, 'what the test asserts');
  return held.answer;
}
