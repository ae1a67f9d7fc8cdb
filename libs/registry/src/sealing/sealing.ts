import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectPool, isDryRun } from '@sluice/platform';
import { SealedValues } from '@sluice/sealed-values';
import type { Pool, PoolClient } from 'pg';
import type { SealingPlan } from './sealing.decider.ts';

const log = new Logger('registry.sealing');
/** Longer than between reading a reference and opening it, wherever that happens. */
const GRACE_MS = 10_000;

/** Carries out a sealing plan: what is new together with the change, what is old once nobody needs it any more. */
@Injectable()
export class Sealing implements OnApplicationShutdown {
  private readonly waiting = new Map<NodeJS.Timeout, SealingPlan>();

  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly values: SealedValues,
  ) {}

  /** The part that belongs into the change's transaction; undefined when there is none, so that the unit can be batched. */
  inTransaction(plan: SealingPlan, owner: string): ((client: PoolClient) => Promise<void>) | undefined {
    if (plan.seal.length === 0) return undefined;
    return async (client) => {
      for (const { ref, plaintext } of plan.seal) {
        const sealed = await this.values.seal(client, { id: ref.id, owner }, plaintext);
        if (sealed.version !== ref.version) {
          throw new Error(`sealed value ${ref.id} is at version ${sealed.version}, not ${ref.version}`);
        }
      }
    };
  }

  /**
   * Deletes what a committed change made unnecessary, after a grace for those who have read the old reference and are
   * about to open it. Ended by force before that, it is done with the next change of the same value.
   */
  retireSoon(plan: SealingPlan): void {
    if (isDryRun() || (plan.supersede.length === 0 && plan.remove.length === 0)) return;
    const timer = setTimeout(() => {
      this.waiting.delete(timer);
      void this.retire(plan);
    }, GRACE_MS).unref();
    this.waiting.set(timer, plan);
  }

  async onApplicationShutdown(): Promise<void> {
    const plans = [...this.waiting.values()];
    for (const timer of this.waiting.keys()) clearTimeout(timer);
    this.waiting.clear();
    for (const plan of plans) await this.retire(plan);
  }

  private async retire(plan: SealingPlan): Promise<void> {
    try {
      for (const ref of plan.supersede) await this.values.removeBefore(this.pool, ref);
      for (const id of plan.remove) await this.values.remove(this.pool, id);
    } catch (error) {
      log.warn(`old sealed values could not be deleted: ${(error as Error).message}`);
    }
  }
}
