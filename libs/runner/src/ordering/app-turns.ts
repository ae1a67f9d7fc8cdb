import { Injectable } from '@nestjs/common';
import { TurnStarts } from '../starting/turn-starts.ts';
import { AgedTurns } from './aged-turns.ts';
import { isChildKey, keysInTurn, type RankedKey } from './limit.rules.ts';
import { OrderingQueue } from './ordering-queue.ts';

/** Keys of an app looked at together. */
const PAGE = 500;
/** Keys whose first runs are read together. */
const KEYS_AT_ONCE = 16;

/** Who had turns in an app. As long as the process lives; another one begins anew. */
interface GivenTurns {
  /** By rank: the key that was served last. */
  last: Map<number, string>;
  aged: AgedTurns;
}

/**
 * Gives the places of apps that have a limit to their runs: those of the highest priority first, and within a priority
 * one flow (or ordering key) after the other, so that one with a thousand runs waiting has no more turns than its
 * neighbours (FL-07). Some turns go by rotation, so that none waits for ever (`AgedTurns`).
 */
@Injectable()
export class AppTurns {
  private readonly given = new Map<string, GivenTurns>();

  constructor(
    private readonly queue: OrderingQueue,
    private readonly turns: TurnStarts,
  ) {}

  /** Starts runs until the app is full, or none of those that wait can begin. @throws a transient error. */
  async serve(appId: string, isStopped: () => boolean): Promise<void> {
    let after: RankedKey | undefined;
    for (;;) {
      const page: RankedKey[] = await this.queue.turnsOf(appId, PAGE, after);
      // A rank is done with before the next one has a turn.
      for (const keys of byRank(keysInTurn(page, this.givenIn(appId).last).filter(({ key }) => !isChildKey(key)))) {
        let moving: RankedKey[] | null = keys;
        while (moving && moving.length > 0) moving = isStopped() ? null : await this.round(appId, moving);
        if (moving === null) return;
      }
      after = page.at(-1);
      if (page.length < PAGE || after === undefined) return;
    }
  }

  /** @returns the keys that are worth another look; null when the app is full. */
  private async round(appId: string, keys: readonly RankedKey[]): Promise<RankedKey[] | null> {
    const moved: RankedKey[] = [];
    const { last, aged } = this.givenIn(appId);
    for (let index = 0; index < keys.length; index += KEYS_AT_ONCE) {
      const some = keys.slice(index, index + KEYS_AT_ONCE);
      const next = await this.queue.next(some.map(({ key }) => key));
      for (const each of some) {
        if (aged.isDue) await this.startAged(appId, aged, keys.length);
        const room = await this.turns.roomOf(appId);
        if (room <= 0) return null;
        const pending = next.get(each.key) ?? [];
        const outcome = await this.turns.start(each.key, pending, Math.ceil(room / keys.length));
        last.set(each.rank, each.key);
        if (!outcome.moved) continue;
        aged.given();
        moved.push(each);
      }
    }
    return moved;
  }

  /** A turn that does not go by priority. It is used up, too, when the runs of its key wait for something else. */
  private async startAged(appId: string, aged: AgedTurns, shares: number): Promise<void> {
    const room = await this.turns.roomOf(appId);
    if (room <= 0) return;
    const taken = await aged.take((after) => this.firstBehind(appId, after));
    if (!taken) return;
    const pending = (await this.queue.next([taken.key])).get(taken.key) ?? [];
    await this.turns.start(taken.key, pending, Math.ceil(room / shares));
  }

  private async firstBehind(appId: string, after: RankedKey): Promise<RankedKey | null> {
    for (let from = after; ; ) {
      const page = await this.queue.turnsOf(appId, KEYS_AT_ONCE, from);
      const found = page.find(({ key }) => !isChildKey(key));
      const last = page.at(-1);
      if (found || !last || page.length < KEYS_AT_ONCE) return found ?? null;
      from = last;
    }
  }

  private givenIn(appId: string): GivenTurns {
    const known = this.given.get(appId);
    if (known) return known;
    const none: GivenTurns = { last: new Map(), aged: new AgedTurns() };
    this.given.set(appId, none);
    return none;
  }
}

/** The keys come by rank. */
function byRank(keys: readonly RankedKey[]): RankedKey[][] {
  return [...Map.groupBy(keys, ({ rank }) => rank).values()];
}
