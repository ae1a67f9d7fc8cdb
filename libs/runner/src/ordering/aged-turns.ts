import type { RankedKey } from './limit.rules.ts';

/** One of so many turns of an app goes to a priority by rotation. */
export const AGED_EVERY = 8;

/**
 * The turns of one app that are given without regard to priority, so that what is urgent never keeps what is not waiting
 * for ever (decision 0320). Every `AGED_EVERY`th turn goes to the next rank in which runs wait, and within that rank to
 * the key behind the one that had such a turn last. So each rank has at least one turn in `AGED_EVERY` times the number of
 * ranks that wait, and each of its keys has one of those in its turn. Counted rather than timed: a clock that jumps
 * gives nobody a turn, and an app that stands still has aged nobody when it goes on.
 */
export class AgedTurns {
  private sinceAged = 0;
  private rank = -1;
  /** By rank: the key that had such a turn last. */
  private readonly last = new Map<number, string>();

  /** A turn has been given by priority. */
  given(): void {
    this.sinceAged++;
  }

  get isDue(): boolean {
    return this.sinceAged >= AGED_EVERY - 1;
  }

  /**
   * The key whose turn it is now; null when none waits.
   * @param firstBehind the first key behind this one by rank and key.
   */
  async take(firstBehind: (after: RankedKey) => Promise<RankedKey | null>): Promise<RankedKey | null> {
    this.sinceAged = 0;
    const first = (await firstBehind({ rank: this.rank + 1, key: '' })) ?? (await firstBehind({ rank: -1, key: '' }));
    if (!first) return null;
    const { rank } = first;
    const before = this.last.get(rank);
    const next = before === undefined ? first : await firstBehind({ rank, key: before });
    const taken = next?.rank === rank ? next : first;
    this.rank = rank;
    this.last.set(rank, taken.key);
    return taken;
  }
}
