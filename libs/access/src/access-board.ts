import type { ReplicaBoard } from '@sluice/local-copy';
import type { Pool } from 'pg';

/** Counts what everybody has to know before it is answered; every reading of the tables reads it with them. */
export const ACCESS_CHANGES_SQL = [
  'create table if not exists access.changes (one boolean primary key default true check (one), n bigint not null)',
  'insert into access.changes (n) values (0) on conflict do nothing',
];

/** Read in the snapshot of each poll. */
export const CHANGES_MARKER = 'select n::text from access.changes';

/** On the board: each process that checks credentials, whichever services it has. The topic stands for these changes. */
const SERVICE = 'access';
const TOPIC = 'registry.events';
const positionOf = (change: bigint) => ({ epoch: 0, transactionId: 0n, position: change });

/**
 * How far the copies of the credentials have come in each process, so that a revocation can be answered when it holds.
 *
 * Who changed something counts after the commit, by a statement of its own: a snapshot that has this count was taken later and
 * has the change. Counting in the change itself would make all of them wait for one row. Nothing is written as long as
 * nobody asks, unlike with transaction ids, which every heartbeat moves.
 */
export class AccessBoard {
  readonly #pool: Pool;
  readonly #board: ReplicaBoard;
  readonly #onError: ((error: unknown) => void) | undefined;

  constructor(pool: Pool, board: ReplicaBoard, onError?: (error: unknown) => void) {
    this.#pool = pool;
    this.#board = board;
    this.#onError = onError;
  }

  /** The copy of this process has all changes that were counted so far; null: it is about to be loaded. */
  report(change: bigint | null): void {
    this.#board.report(SERVICE, TOPIC, change === null ? null : positionOf(change));
  }

  /**
   * Whether all other live processes have what was committed before this call; waits for it as long as the board does.
   * @returns false when that was not long enough, or the database cannot be asked.
   */
  async othersHaveIt(): Promise<boolean> {
    try {
      if (!(await this.#board.hasOthers(SERVICE))) return true;
      const { rows } = await this.#pool.query<{ n: string }>('update access.changes set n = n + 1 returning n::text');
      return await this.#board.waitUntilApplied(TOPIC, positionOf(BigInt(rows[0]?.n ?? '0')), [SERVICE], {
        othersOnly: true,
      });
    } catch (error) {
      this.#onError?.(error);
      return false;
    }
  }

  close(): Promise<void> {
    return this.#board.close();
  }
}
