import { Injectable, Logger } from '@nestjs/common';
import type { Alongside } from '@sluice/event-store';
import { isTransientError } from '@sluice/event-store';
import { AppLimits } from '../ordering/app-limits.ts';
import { freeSlots, type PlaceScope, placesKeyOf } from '../ordering/limit.rules.ts';
import { MAX_RUNS, OrderingQueue } from '../ordering/ordering-queue.ts';
import { RunInputs } from '../runs/run-input.ts';
import type { PendingStart } from './pending-start.ts';
import { RunStarter } from './run-starter.ts';

const log = new Logger('runner.ordering');
/** Somebody else took a slot that was free a moment ago: so often it is looked again at once. */
const MAX_ATTEMPTS = 5;

/** What became of the first runs of a key. */
export interface TurnOutcome {
  /** Some have left the queue, so that it is worth looking again. */
  moved: boolean;
  /** They wait for a place of this key, which somebody else holds. */
  blockedBy: string | null;
}

const MOVED: TurnOutcome = { moved: true, blockedBy: null };
const STILL: TurnOutcome = { moved: false, blockedBy: null };

/**
 * Starts the runs whose turn it is, as far as there is room (GW-10, FL-07). Each place that a flow or an app has for runs
 * under way is a row that two runs cannot both insert, and so is the turn of an ordering key; all that a run needs is
 * taken in the commit of its first events and given back in that of its last. So the limits hold exactly, with any number
 * of runners, and whatever dies.
 */
@Injectable()
export class TurnStarts {
  constructor(
    private readonly ordering: OrderingQueue,
    private readonly starter: RunStarter,
    private readonly inputs: RunInputs,
    private readonly limits: AppLimits,
  ) {}

  /**
   * Starts as many as there is room for, in their order, or refuses them when there is none and the flow says so.
   * @param most runs under way at most by this call. @throws a transient error when the database is away.
   */
  async start(key: string, pending: readonly PendingStart[], most = MAX_RUNS): Promise<TurnOutcome> {
    const ready = await Promise.all(pending.map((each) => this.withInput(each)));
    return this.startTogether(key, ready, most);
  }

  /**
   * Starts a run out of turn and without a place, because all who have the places of its flow wait for each other (`Standstills`).
   * @returns false when a place is free, which it gets in its turn, or somebody else was faster. @throws a transient error when the
   * database is away; what the database refuses.
   */
  async startInPlaceOfWaiting(pending: PendingStart): Promise<boolean> {
    const scopes = this.limits.scopesOf(pending, await this.starter.flowOf(pending));
    const held = await this.ordering.heldSlots(scopes.map(({ key }) => key));
    if (scopes.every(({ key, limit }) => freeSlots(limit, held.get(key) ?? [], 1).length > 0)) return false;
    return (await this.starter.startWaiting([await this.withInput(pending)], 1, () => [])) !== null;
  }

  /** For how many more runs the app has room; it may be less than none where the limit was lowered. */
  async roomOf(appId: string): Promise<number> {
    const limit = this.limits.of(appId);
    if (limit === null) return MAX_RUNS;
    const scope = placesKeyOf(appId);
    return limit - ((await this.ordering.heldSlots([scope])).get(scope)?.length ?? 0);
  }

  private async startTogether(key: string, ready: readonly PendingStart[], most: number): Promise<TurnOutcome> {
    try {
      return await this.startReady(key, ready, most);
    } catch (error) {
      if (isTransientError(error)) throw error;
      const [first] = ready;
      if (!first) return STILL;
      if (ready.length > 1) return this.startTogether(key, [first], most);
      // Whatever is tried it cannot be started: it fails by itself, and the others of its key have their turn.
      log.error(`run ${first.runId} cannot be started and fails: ${(error as Error).message}`);
      const problem = { code: 'run_not_startable', message: 'the run could not be started' };
      return this.startReady(key, [{ ...first, input: { problem } }], most);
    }
  }

  private async startReady(key: string, ready: readonly PendingStart[], most: number): Promise<TurnOutcome> {
    const [first] = ready;
    if (!first) return STILL;
    const isOrdered = first.orderingKey !== null;
    const flow = await this.starter.flowOf(first);
    const scopes = this.limits.scopesOf(first, flow);
    if (scopes.length > 0) return this.startPlaced(key, alike(first, ready), scopes, isOrdered ? 1 : most);
    if (isOrdered) return (await this.starter.startInTurn(await this.unplaced(ready))) ? MOVED : STILL;
    // The limit was taken away, or the flow is gone.
    return (await this.starter.startWaiting(ready, ready.length, () => [])) === null ? STILL : MOVED;
  }

  /** The first runs that need no place at all. */
  private async unplaced(ready: readonly PendingStart[]): Promise<PendingStart[]> {
    const first: PendingStart[] = [];
    for (const each of ready) {
      if (this.limits.scopesOf(each, await this.starter.flowOf(each)).length > 0) break;
      first.push(each);
    }
    return first;
  }

  private async startPlaced(
    key: string,
    pending: readonly PendingStart[],
    scopes: readonly PlaceScope[],
    most: number,
  ): Promise<TurnOutcome> {
    const isOrdered = pending[0]?.orderingKey !== null;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const held = await this.ordering.heldSlots(scopes.map((scope) => scope.key));
      const free = scopes.map((scope) => freeSlots(scope.limit, held.get(scope.key) ?? [], MAX_RUNS));
      const full = scopes.find((_scope, index) => free[index]?.length === 0);
      if (full?.whenFull === 'queue') return { moved: false, blockedBy: full.key };
      const begin = pending.map((each) => (full ? refused(each, full.limit) : placed(each, scopes)));
      const hold = (runIds: readonly string[]) => this.holdsOf(isOrdered ? key : null, runIds, scopes, free);
      const room = Math.min(most, ...free.map((slots) => slots.length));
      const underWay = await this.starter.startWaiting(begin, Math.max(1, room), hold);
      if (underWay !== null) return isOrdered && underWay.length > 0 ? STILL : MOVED;
      // Somebody has the turn of the key: then it is no key to look at any more.
      if (isOrdered) return MOVED;
    }
    return MOVED;
  }

  /** @param orderingKey whose turn the one run takes. @param free slots of each scope, enough for the runs. */
  private holdsOf(
    orderingKey: string | null,
    runIds: readonly string[],
    scopes: readonly PlaceScope[],
    free: readonly (readonly number[])[],
  ): Alongside[] {
    const [first] = runIds;
    if (first === undefined) return [];
    const taken = scopes.flatMap(({ key: scope }, index) =>
      runIds.map((runId, place) => ({ scope, slot: free[index]?.[place] as number, runId })),
    );
    return [...(orderingKey === null ? [] : [this.ordering.take(orderingKey, first)]), this.ordering.takeSlots(taken)];
  }

  private async withInput(each: PendingStart): Promise<PendingStart> {
    return each.inputPayload ? { ...each, input: await this.inputs.ofPayload(each.inputPayload) } : each;
  }
}

/** The first runs that need the same places: of an ordering key they may be those of several flows. */
function alike(first: PendingStart, ready: readonly PendingStart[]): readonly PendingStart[] {
  const isAlike = ({ flowId, mode, flowVersion, parent }: PendingStart) =>
    flowId === first.flowId &&
    mode === first.mode &&
    flowVersion === first.flowVersion &&
    parent?.waits === first.parent?.waits &&
    parent?.flowIds?.includes(flowId) === first.parent?.flowIds?.includes(flowId);
  const end = ready.findIndex((each) => !isAlike(each));
  return end === -1 ? ready : ready.slice(0, end);
}

function placed(pending: PendingStart, scopes: readonly PlaceScope[]): PendingStart {
  const isOfApp = ({ key }: PlaceScope) => key === placesKeyOf(pending.appId);
  return {
    ...pending,
    ...(scopes.some((scope) => !isOfApp(scope)) ? { limited: true } : {}),
    ...(scopes.some(isOfApp) ? { appLimited: true } : {}),
  };
}

/** The run exists, and says why it did not run. */
function refused(pending: PendingStart, limit: number): PendingStart {
  const message = `${limit} runs of the flow are under way, which is its limit`;
  return { ...pending, input: { problem: { code: 'concurrency_limit', message } } };
}
