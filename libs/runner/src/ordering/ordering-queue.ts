import { Injectable } from '@nestjs/common';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { PendingStart } from '../starting/pending-start.ts';

const ENTER: AlongsideStatement = {
  name: 'runner_ordering_enter',
  columns: ['uuid', 'text', 'int4', 'text'],
  // A request that the bus delivers again waits already, or has had its turn: then its stream says so.
  sql: (arrays) => `insert into runner.ordered_runs (run_id, ordering_key, bytes, pending)
    select w.run_id, w.ordering_key, w.bytes, w.pending
    from unnest(${arrays.join(', ')}) with ordinality as w(run_id, ordering_key, bytes, pending, place)
    order by w.place on conflict (run_id) do nothing`,
};

const LEAVE: AlongsideStatement = {
  name: 'runner_ordering_leave',
  columns: ['uuid'],
  sql: ([ids]) => `delete from runner.ordered_runs where run_id = any(${ids})`,
};

const TAKE: AlongsideStatement = {
  name: 'runner_ordering_take',
  columns: ['text', 'uuid'],
  sql: (arrays) =>
    `insert into runner.ordering_heads (ordering_key, run_id) select * from unnest(${arrays.join(', ')})`,
};

const TAKE_SLOT: AlongsideStatement = {
  name: 'runner_ordering_take_slot',
  columns: ['text', 'int4', 'uuid'],
  sql: (arrays) => `insert into runner.ordering_heads (ordering_key, run_id, scope, slot)
    select w.scope || '#' || w.slot, w.run_id, w.scope, w.slot from unnest(${arrays.join(', ')}) as w(scope, slot, run_id)`,
};

const RELEASE: AlongsideStatement = {
  name: 'runner_ordering_release',
  columns: ['uuid'],
  sql: ([ids]) => `delete from runner.ordering_heads where run_id = any(${ids})`,
};

/** The first runs of each key that nobody executes, up to a number and a size; one at least. */
const NEXT = `select w.ordering_key as key, q.pending
  from unnest($1::text[]) as w(ordering_key)
  cross join lateral (
    select f.number, f.pending, f.bytes, sum(f.bytes) over (order by f.number) as bytes_so_far from (
      select number, pending, bytes from runner.ordered_runs o
      where o.ordering_key = w.ordering_key order by o.number limit $2
    ) f
  ) q
  where (q.bytes_so_far <= $3 or q.bytes_so_far = q.bytes)
    and not exists (select 1 from runner.ordering_heads h where h.ordering_key = w.ordering_key)
  order by w.ordering_key, q.number`;

/** Keys somebody waits for and nobody executes, one index look-up per key that has runs waiting. */
const IDLE = `with recursive k as (
    (select ordering_key from runner.ordered_runs where ordering_key > $2 order by ordering_key limit 1)
    union all
    select (select o.ordering_key from runner.ordered_runs o where o.ordering_key > k.ordering_key
      order by o.ordering_key limit 1) from k where k.ordering_key is not null
  )
  select k.ordering_key as key from k where k.ordering_key is not null
    and not exists (select 1 from runner.ordering_heads h where h.ordering_key = k.ordering_key)
  limit $1`;

/** A run that waits in the queue of a key. */
export interface WaitingStart {
  key: string;
  pending: PendingStart;
}

export const MAX_RUNS = 32;
const MAX_BYTES = 1024 * 1024;

/**
 * Runs that are to execute one after another (GW-10). A run enters when its request arrives, leaves and takes its key
 * in the commit of its first events, and releases the key in the commit of its last. So whatever dies, a key is either
 * held by a run that a lease brings back, or free and found by the next look.
 */
@Injectable()
export class OrderingQueue {
  private wakeUp: (keys: readonly string[]) => void = () => undefined;

  constructor(@InjectPool('runner') private readonly pool: Pool) {}

  enter(waiting: readonly WaitingStart[]): Alongside {
    return {
      statement: ENTER,
      rows: waiting.map(({ key, pending: each }) => {
        // A body in libs/payloads is read again when its turn comes.
        const kept = each.inputPayload === null ? each : { ...each, input: { value: null } };
        const text = JSON.stringify(kept);
        return [each.runId, key, text.length, text];
      }),
    };
  }

  leave(runIds: readonly string[]): Alongside {
    return { statement: LEAVE, rows: runIds.map((id) => [id]) };
  }

  /** Fails its commit (`AlongsideConflictError`) while another run of the key executes. */
  take(orderingKey: string, runId: string): Alongside {
    return { statement: TAKE, rows: [[orderingKey, runId]] };
  }

  /** Slots of a limit, one per run; fails its commit when somebody else has one of them. */
  takeSlots(scope: string, taken: readonly { slot: number; runId: string }[]): Alongside {
    return { statement: TAKE_SLOT, rows: taken.map(({ slot, runId }) => [scope, slot, runId]) };
  }

  async heldSlots(scope: string): Promise<number[]> {
    const text = 'select slot from runner.ordering_heads where scope = $1';
    const { rows } = await this.pool.query<{ slot: number }>({ name: 'runner_ordering_slots', text, values: [scope] });
    return rows.map(({ slot }) => slot);
  }

  /** Gives back whatever the run holds. */
  release(runId: string): Alongside {
    return { statement: RELEASE, rows: [[runId]] };
  }

  /** The runs whose turn it may be, by key, in their order. */
  async next(keys: readonly string[]): Promise<Map<string, PendingStart[]>> {
    const { rows } = await this.pool.query<{ key: string; pending: string }>(NEXT, [keys, MAX_RUNS, MAX_BYTES]);
    const byKey = new Map<string, PendingStart[]>();
    for (const { key, pending } of rows) {
      const list = byKey.get(key);
      const each = JSON.parse(pending) as PendingStart;
      if (list) list.push(each);
      else byKey.set(key, [each]);
    }
    return byKey;
  }

  /** @param most keys to answer at most. @param after the keys behind this one. */
  async idleKeys(most: number, after = ''): Promise<string[]> {
    const { rows } = await this.pool.query<{ key: string }>(IDLE, [most, after]);
    return rows.map(({ key }) => key);
  }

  /** A run waits for its turn, or is over: somebody may look at these keys. After the commit that makes it so. */
  wake(keys: readonly string[]): void {
    this.wakeUp(keys);
  }

  onWake(listener: (keys: readonly string[]) => void): void {
    this.wakeUp = listener;
  }
}
