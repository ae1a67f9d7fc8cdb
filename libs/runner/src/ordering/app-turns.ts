import { Injectable } from '@nestjs/common';
import { TurnStarts } from '../starting/turn-starts.ts';
import { isChildKey, keysInTurn, type RankedKey } from './limit.rules.ts';
import { OrderingQueue } from './ordering-queue.ts';

/** Keys of an app looked at together. */
const PAGE = 500;
/** Keys whose first runs are read together. */
const KEYS_AT_ONCE = 16;

/**
 * Gives the places of apps that have a limit to their runs: those of the highest priority first, and within a priority
 * one flow (or ordering key) after the other, so that one with a thousand runs waiting has no more turns than its
 * neighbours (FL-07).
 */
@Injectable()
export class AppTurns {
  /** By app, then by rank: the key that was served last. As long as the process lives; another one begins anew. */
  private readonly last = new Map<string, Map<number, string>>();

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
      for (const keys of byRank(keysInTurn(page, this.lastOf(appId)).filter(({ key }) => !isChildKey(key)))) {
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
    for (let index = 0; index < keys.length; index += KEYS_AT_ONCE) {
      const some = keys.slice(index, index + KEYS_AT_ONCE);
      const next = await this.queue.next(some.map(({ key }) => key));
      for (const each of some) {
        const room = await this.turns.roomOf(appId);
        if (room <= 0) return null;
        const pending = next.get(each.key) ?? [];
        const outcome = await this.turns.start(each.key, pending, Math.ceil(room / keys.length));
        this.lastOf(appId).set(each.rank, each.key);
        if (outcome.moved) moved.push(each);
      }
    }
    return moved;
  }

  private lastOf(appId: string): Map<number, string> {
    const known = this.last.get(appId);
    if (known) return known;
    const ranks = new Map<number, string>();
    this.last.set(appId, ranks);
    return ranks;
  }
}

/** The keys come by rank. */
function byRank(keys: readonly RankedKey[]): RankedKey[][] {
  return [...Map.groupBy(keys, ({ rank }) => rank).values()];
}
