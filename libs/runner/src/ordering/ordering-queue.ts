import { Injectable } from '@nestjs/common';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { PendingStart } from '../starting/pending-start.ts';
import type { RankedKey } from './limit.rules.ts';

const ENTER: AlongsideStatement = {
  name: 'runner_ordering_enter',
  columns: ['uuid', 'text', 'int4', 'text', 'int2', 'text'],
  // A request that the bus delivers again waits already, or has had its turn: then its stream says so.
  sql: (arrays) => `insert into runner.ordered_runs (run_id, ordering_key, bytes, pending, rank, above)
    select w.run_id, w.ordering_key, w.bytes, w.pending, w.rank, w.above
    from unnest(${arrays.join(', ')}) with ordinality as w(run_id, ordering_key, bytes, pending, rank, above, place)
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

/** Keys of an app with runs waiting, by rank and key, without those whose turn somebody has; a look-up per key. */
const TURNS = `with recursive k as (
    (select o.rank, o.ordering_key from runner.ordered_runs o
      where "left"(o.ordering_key, 36) = $1 and (o.rank, o.ordering_key) > ($2, $3)
      order by "left"(o.ordering_key, 36), o.rank, o.ordering_key limit 1)
    union all
    select n.rank, n.ordering_key from k cross join lateral (select o.rank, o.ordering_key from runner.ordered_runs o
      where "left"(o.ordering_key, 36) = $1 and (o.rank, o.ordering_key) > (k.rank, k.ordering_key)
      order by "left"(o.ordering_key, 36), o.rank, o.ordering_key limit 1) n
  )
  select k.rank, k.ordering_key as key from k
    where not exists (select 1 from runner.ordering_heads h where h.ordering_key = k.ordering_key)
  limit $4`;

/** A run that waits in the queue of a key. */
export interface WaitingStart {
  key: string;
  /** Of its app's runs, which are served first (`rankOf`). */
  rank: number;
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
      rows: waiting.map(({ key, rank, pending: each }) => {
        // A body in libs/payloads is read again when its turn comes.
        const kept = each.inputPayload === null ? each : { ...each, input: { value: null } };
        const text = JSON.stringify(kept);
        const { waits, runId, runIds = [runId] } = { runId: '', waits: false, ...each.parent };
        return [each.runId, key, text.length, text, rank, waits ? runIds.join(',') : null];
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

  /** Slots of limits, each for a run; fails its commit when somebody else has one of them. */
  takeSlots(taken: readonly { scope: string; slot: number; runId: string }[]): Alongside {
    return { statement: TAKE_SLOT, rows: taken.map(({ scope, slot, runId }) => [scope, slot, runId]) };
  }

  /** By scope; a scope without any is not there. */
  async heldSlots(scopes: readonly string[]): Promise<Map<string, number[]>> {
    const text = 'select scope, slot from runner.ordering_heads where scope = any($1)';
    const query = { name: 'runner_ordering_slots', text, values: [scopes] };
    const held = new Map<string, number[]>();
    for (const { scope, slot } of (await this.pool.query<{ scope: string; slot: number }>(query)).rows) {
      const slots = held.get(scope);
      if (slots) slots.push(slot);
      else held.set(scope, [slot]);
    }
    return held;
  }

  /** Keys of an app that runs wait in and nobody's turn it is, by rank and key. @param after the last one of the page before. */
  async turnsOf(appId: string, most: number, after: RankedKey = { rank: -1, key: '' }): Promise<RankedKey[]> {
    const values = [appId, after.rank, after.key, most];
    return (await this.pool.query<RankedKey>({ name: 'runner_ordering_turns', text: TURNS, values })).rows;
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
