import type { Claim } from './claim.ts';
import type { DueQueue } from './due-queue.ts';

export interface DueWorkerOptions {
  /** Claims worked on at a time; 64 unless given. */
  concurrency?: number;
  /** The same per key; no bound unless given. Claims adopted elsewhere in the process count too. */
  perKey?: number | ((key: string) => number);
}

const RETRY_MS = [50, 200, 1000, 2000];

/**
 * Claims what is due and hands it to the handler; sleeps until the next due time. The handler commits `complete` or
 * `reschedule` with its own events. When it throws, the row stays leased and comes again when the lease ends, which is
 * all the back-off that a bug deserves; a handler with a better idea reschedules.
 */
export class DueWorker {
  readonly #queue: DueQueue;
  readonly #handler: (claim: Claim) => Promise<void>;
  readonly #options: DueWorkerOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #unsubscribe: () => void;
  #stopped = false;
  #rung = false;
  #ring: () => void = () => {};
  #loop: Promise<void>;

  constructor(queue: DueQueue, handler: (claim: Claim) => Promise<void>, options: DueWorkerOptions = {}) {
    this.#queue = queue;
    this.#handler = handler;
    this.#options = options;
    this.#unsubscribe = queue.onWake(() => this.wake());
    this.#loop = this.#run();
  }

  get running(): number {
    return this.#running.size;
  }

  /** Something may have become claimable: look now. */
  wake(): void {
    this.#rung = true;
    this.#ring();
  }

  /** Claims no more and waits for the handlers, at most this long; then what is left keeps its lease until it ends. */
  async stop(withinMs = 20_000): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.wake();
    await this.#loop;
    const timer = new AbortController();
    await Promise.race([Promise.all(this.#running), delay(withinMs, timer.signal)]);
    timer.abort();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopped) {
      const free = (this.#options.concurrency ?? 64) - this.#running.size;
      this.#rung = false;
      try {
        const claims = free > 0 ? await this.#queue.claim(free, this.#perKey) : [];
        failures = 0;
        if (this.#stopped) await this.#queue.release(claims);
        else for (const claim of claims) this.#start(claim);
        if (claims.length === 0 && !this.#stopped) await this.#sleep(free > 0 ? this.#idleMs() : 60_000);
      } catch (error) {
        this.#queue.reportError(error, 'claim what is due');
        await this.#sleep(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] as number, false);
      }
    }
  }

  get #perKey(): number | ((key: string) => number) {
    return this.#options.perKey ?? Number.POSITIVE_INFINITY;
  }

  #idleMs(): number {
    const nextMs = this.#queue.nextDueMs(this.#perKey);
    const untilNextMs = nextMs === null ? Number.POSITIVE_INFINITY : nextMs - this.#queue.nowMs();
    return Math.max(0, Math.min(untilNextMs, this.#queue.sweepInMs()));
  }

  #start(claim: Claim): void {
    const work = this.#handler(claim)
      .catch((error: unknown) => this.#queue.reportError(error, `work on ${claim.id}`))
      .finally(() => {
        this.#running.delete(work);
        this.#queue.settle(claim);
        this.wake();
      });
    this.#running.add(work);
  }

  async #sleep(ms: number, wakeable = true): Promise<void> {
    if (wakeable && this.#rung) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(60_000, Math.ceil(ms)));
      this.#ring = () => {
        if (!wakeable && !this.#stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#ring = () => {};
  }
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
