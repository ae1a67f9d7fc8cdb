import type { Effect } from '../runs/decision.ts';
import type { Settled } from '../runs/run.decider.ts';
import type { EffectResult } from '../steps/step-type.ts';
import type { HeldRun } from './run-driver.ts';

/** The clock may be set while a timer runs, which does not follow it: so it is looked at again. */
const LOOK_AT_CLOCK_MS = 1_000;

/** The effects of one run that this process performs at once. */
export class EffectsInFlight {
  private readonly flying = new Map<string, { effect: Effect; ended: Promise<void> }>();
  private readonly landed: Settled[] = [];
  private readonly perform: (held: HeldRun, effect: Effect) => Promise<EffectResult | null>;
  private broken: { error: unknown } | null = null;
  private givenUp = false;
  private wake: () => void = () => {};

  /** @param perform gives null when the process is stopping and nothing may be recorded about the effect. */
  constructor(perform: (held: HeldRun, effect: Effect) => Promise<EffectResult | null>) {
    this.perform = perform;
  }

  /** Those that have not ended, or whose end nobody has asked for yet. */
  get effects(): Effect[] {
    return [...this.flying.values()].map(({ effect }) => effect);
  }

  get keys(): ReadonlySet<string> {
    return new Set(this.flying.keys());
  }

  begin(held: HeldRun, effect: Effect): void {
    const ended = this.perform(held, effect)
      .then(
        (result) => {
          if (result === null) this.givenUp = true;
          else this.landed.push({ effect, result });
        },
        (error: unknown) => {
          this.broken ??= { error };
        },
      )
      .finally(() => this.wake());
    this.flying.set(effect.key, { effect, ended });
  }

  /**
   * What has ended since the last time, as soon as there is any; nothing when `dueMs` has come before.
   * @throws what performing threw, once all others have ended: the run is tried again from its stream.
   */
  async next(dueMs: number | null): Promise<readonly Settled[] | 'given up'> {
    if (this.landed.length === 0 && this.broken === null && !this.givenUp) await this.sleep(dueMs);
    if (this.broken !== null) {
      await this.settledAll();
      throw this.broken.error;
    }
    if (this.givenUp) return 'given up';
    const settled = this.landed.splice(0);
    for (const { effect } of settled) this.flying.delete(effect.key);
    return settled;
  }

  async settledAll(): Promise<void> {
    await Promise.all([...this.flying.values()].map(({ ended }) => ended));
  }

  private async sleep(dueMs: number | null): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      const look = (): void => {
        const leftMs = (dueMs as number) - Date.now();
        if (leftMs <= 0) resolve();
        else timer = setTimeout(look, Math.min(LOOK_AT_CLOCK_MS, leftMs));
      };
      if (dueMs !== null) look();
    });
    clearTimeout(timer);
    this.wake = () => {};
  }
}
