import { Injectable } from '@nestjs/common';
import { freeSlots } from '../ordering/limit.rules.ts';
import { MAX_RUNS, OrderingQueue } from '../ordering/ordering-queue.ts';
import type { PendingStart } from './pending-start.ts';
import { RunStarter } from './run-starter.ts';

/** Somebody else took a slot that was free a moment ago: so often it is looked again at once. */
const MAX_ATTEMPTS = 5;

/**
 * Starts the runs of flows with a limit (FL-07). Each place that a flow has for runs under way is a row that two
 * runs cannot both insert, taken in the commit of the first events of a run and given back in that of its last: so the
 * limit holds exactly, with any number of runners, and whatever dies.
 */
@Injectable()
export class LimitedStarts {
  constructor(
    private readonly ordering: OrderingQueue,
    private readonly starter: RunStarter,
  ) {}

  /**
   * Starts as many as there is room for, in their order, or refuses them all when there is none and the flow says so.
   * @returns whether some have left the queue, so that it is worth looking again.
   * @throws a transient error when the database is away; what the database refuses.
   */
  async start(key: string, pending: readonly PendingStart[]): Promise<boolean> {
    const [first] = pending;
    if (!first) return false;
    const rule = (await this.starter.flowOf(first))?.limit ?? null;
    // The limit was taken away, or the flow is gone.
    if (rule === null) return (await this.starter.startWaiting(pending, pending.length, () => [])) !== null;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const slots = freeSlots(rule.limit, await this.ordering.heldSlots(key), MAX_RUNS);
      if (slots.length === 0 && rule.whenFull === 'queue') return false;
      const begin = slots.length === 0 ? pending.map((each) => refused(each, rule.limit)) : pending.map(limited);
      const hold = (runIds: readonly string[]) => {
        const taken = runIds.map((runId, index) => ({ runId, slot: slots[index] as number }));
        return taken.length === 0 ? [] : [this.ordering.takeSlots(key, taken)];
      };
      const underWay = await this.starter.startWaiting(begin, Math.max(1, slots.length), hold);
      if (underWay !== null) return true;
    }
    return true;
  }
}

const limited = (pending: PendingStart): PendingStart => ({ ...pending, limited: true });

/** The run exists, and says why it did not run. */
function refused(pending: PendingStart, limit: number): PendingStart {
  const message = `${limit} runs of the flow are under way, which is its limit`;
  return { ...pending, input: { problem: { code: 'concurrency_limit', message } } };
}
