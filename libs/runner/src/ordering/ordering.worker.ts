import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { isTransientError } from '@sluice/event-store';
import { RunInputs } from '../runs/run-input.ts';
import type { PendingStart } from '../starting/pending-start.ts';
import { RunStarter } from '../starting/run-starter.ts';
import { LimitedStarts } from '../starting/limited-starts.ts';
import { fairKeys, isLimitKey } from './limit.rules.ts';
import { OrderingQueue } from './ordering-queue.ts';

const log = new Logger('runner.ordering');
/** Keys looked at together. */
const MAX_KEYS = 32;
/** A run that ended in another process, or whose process died between its end and the next start, is seen so late. */
const LOOK_AGAIN_MS = 1_000;
const MAX_IDLE_KEYS = 1_000;

/** Starts the runs whose turn it is: at once when this process knows, by looking from time to time otherwise. */
@Injectable()
export class OrderingWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly woken = new Set<string>();
  private working: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private stopped = true;
  private lookedUpTo = '';

  constructor(
    private readonly queue: OrderingQueue,
    private readonly starter: RunStarter,
    private readonly limited: LimitedStarts,
    private readonly inputs: RunInputs,
  ) {}

  onApplicationBootstrap(): void {
    this.stopped = false;
    this.queue.onWake((keys) => this.wake(keys));
    this.lookAgain(0);
  }

  /** What is being started is durable before the process ends; the rest is the other replicas', or the next start's. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stop();
    await this.working;
  }

  stop(): void {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
  }

  private wake(keys: readonly string[]): void {
    for (const key of keys) this.woken.add(key);
    if (this.stopped || this.working || this.woken.size === 0) return;
    this.working = this.work().finally(() => {
      this.working = null;
    });
  }

  private lookAgain(afterMs: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.look(), afterMs).unref();
  }

  private async look(): Promise<void> {
    try {
      // From where the last look ended: keys that cannot move do not hide those behind them.
      const keys = await this.queue.idleKeys(MAX_IDLE_KEYS, this.lookedUpTo);
      this.lookedUpTo = keys.length < MAX_IDLE_KEYS ? '' : (keys.at(-1) ?? '');
      this.wake(keys);
    } catch (error) {
      if (!this.stopped) log.warn(`could not look for runs whose turn it is: ${(error as Error).message}`);
    }
    this.lookAgain(LOOK_AGAIN_MS);
  }

  private async work(): Promise<void> {
    while (this.woken.size > 0 && !this.stopped) {
      const keys = fairKeys(this.woken, MAX_KEYS);
      for (const key of keys) this.woken.delete(key);
      try {
        const next = await this.queue.next(keys);
        await Promise.all([...next].map(([key, pending]) => this.startKey(key, pending)));
      } catch (error) {
        // The keys are found again by the next look.
        log.warn(`runs whose turn it is could not be started: ${(error as Error).message}`);
        return;
      }
    }
  }

  private async startKey(key: string, pending: readonly PendingStart[]): Promise<void> {
    const ready = await Promise.all(pending.map((each) => this.withInput(each)));
    if (await this.startTogether(key, ready)) this.woken.add(key);
  }

  private async startTogether(key: string, ready: readonly PendingStart[]): Promise<boolean> {
    const start = (each: readonly PendingStart[]) =>
      isLimitKey(key) ? this.limited.start(key, each) : this.starter.startInTurn(each);
    try {
      return await start(ready);
    } catch (error) {
      if (isTransientError(error)) throw error;
      const [first] = ready;
      if (!first) return false;
      if (ready.length > 1) return this.startTogether(key, [first]);
      // Whatever is tried it cannot be started: it fails by itself, and the others of its key have their turn.
      log.error(`run ${first.runId} cannot be started and fails: ${(error as Error).message}`);
      const problem = { code: 'run_not_startable', message: 'the run could not be started' };
      return start([{ ...first, input: { problem } }]);
    }
  }

  private async withInput(each: PendingStart): Promise<PendingStart> {
    return each.inputPayload ? { ...each, input: await this.inputs.ofPayload(each.inputPayload) } : each;
  }
}
