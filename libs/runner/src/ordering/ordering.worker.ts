import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { PendingStart } from '../starting/pending-start.ts';
import { TurnStarts } from '../starting/turn-starts.ts';
import { AppLimits } from './app-limits.ts';
import { AppTurns } from './app-turns.ts';
import { appOfKey, fairKeys, isChildKey } from './limit.rules.ts';
import { OrderingQueue } from './ordering-queue.ts';
import { Standstills } from './standstills.ts';

const log = new Logger('runner.ordering');
/** Keys looked at together. */
const MAX_KEYS = 32;
/** A run that ended in another process, or whose process died between its end and the next start, is seen so late. */
const LOOK_AGAIN_MS = 1_000;
const MAX_IDLE_KEYS = 1_000;
/** Flows whose places keys are remembered to wait for; those of others are found by the next look. */
const MAX_BLOCKED = 1_000;

/** Starts the runs whose turn it is: at once when this process knows, by looking from time to time otherwise. */
@Injectable()
export class OrderingWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly woken = new Set<string>();
  /** By the places that they wait for. */
  private readonly blocked = new Map<string, Set<string>>();
  private working: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private stopped = true;
  private lookedUpTo = '';

  constructor(
    private readonly queue: OrderingQueue,
    private readonly turns: TurnStarts,
    private readonly appTurns: AppTurns,
    private readonly limits: AppLimits,
    private readonly standstills: Standstills,
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
    for (const key of keys) {
      this.woken.add(key);
      for (const each of this.blocked.get(key) ?? []) this.woken.add(each);
      this.blocked.delete(key);
    }
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
      await this.standstills.resolve();
    } catch (error) {
      if (!this.stopped) log.warn(`could not look for runs whose turn it is: ${(error as Error).message}`);
    }
    this.lookAgain(LOOK_AGAIN_MS);
  }

  private async work(): Promise<void> {
    while (this.woken.size > 0 && !this.stopped) {
      const keys = fairKeys(this.woken, MAX_KEYS);
      for (const key of keys) this.woken.delete(key);
      const apps = new Set(keys.filter((key) => this.needsPlace(key)).map(appOfKey));
      // Whoever woke an app with a limit: it is the turn of its most urgent run.
      for (const key of this.woken) if (apps.has(appOfKey(key)) && this.needsPlace(key)) this.woken.delete(key);
      try {
        const next = await this.queue.next(keys.filter((key) => !this.needsPlace(key)));
        await Promise.all([
          ...[...apps].map((app) => this.appTurns.serve(app, () => this.stopped)),
          ...[...next].map(([key, pending]) => this.startKey(key, pending)),
        ]);
      } catch (error) {
        // The keys are found again by the next look.
        log.warn(`runs whose turn it is could not be started: ${(error as Error).message}`);
        return;
      }
    }
  }

  /** Whether its runs need places of an app, which may be full. */
  private needsPlace(key: string): boolean {
    return this.limits.of(appOfKey(key)) !== null && !isChildKey(key);
  }

  private async startKey(key: string, pending: readonly PendingStart[]): Promise<void> {
    const { moved, blockedBy } = await this.turns.start(key, pending);
    if (moved) this.woken.add(key);
    if (blockedBy === null || blockedBy === key) return;
    // Runs of an ordering key, which the end of another run of their flow does not wake by itself.
    const blocked = this.blocked.get(blockedBy);
    if (blocked) blocked.add(key);
    else if (this.blocked.size < MAX_BLOCKED) this.blocked.set(blockedBy, new Set([key]));
  }
}
