import type { Pool } from 'pg';
import { SLOTS } from './slots.rules.ts';

/** The tables of ownership, for a migration. */
export function slotTablesSql(): string[] {
  return [
    // A member's lease is one row, however many slots it holds; a slot without a living owner is free.
    `create table dispatcher.members (
      member text primary key, lease_until timestamptz not null) with (fillfactor = 50)`,
    `create table dispatcher.slots (slot smallint primary key, owner text) with (fillfactor = 50)`,
    `insert into dispatcher.slots (slot) select * from generate_series(0, ${SLOTS - 1})`,
    // What one member scheduled for endpoints of another: read and deleted by the owner, empty most of the time.
    `create table dispatcher.handovers (
      slot smallint not null, key text not null, due_at timestamptz not null
    ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, vacuum_truncate = off)`,
  ];
}

export interface Standing {
  members: number;
  held: number[];
}

const NO_LIVING_OWNER = `not exists (
  select 1 from dispatcher.members m where m.member = s.owner and m.lease_until > clock_timestamp())`;

/** The statements of ownership; all times are the database's. */
export class SlotTable {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Extends the lease of a member; false when it was none or had ended: such a name must not be used again. */
  async renew(member: string, leaseMs: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `update dispatcher.members set lease_until = clock_timestamp() + make_interval(secs => $2 / 1000.0)
       where member = $1 and lease_until > clock_timestamp()`,
      [member, leaseMs],
    );
    return rowCount === 1;
  }

  async join(member: string, leaseMs: number): Promise<void> {
    await this.#pool.query(
      `insert into dispatcher.members (member, lease_until)
       values ($1, clock_timestamp() + make_interval(secs => $2 / 1000.0))`,
      [member, leaseMs],
    );
    await this.#pool.query(`delete from dispatcher.members where lease_until < clock_timestamp() - interval '1 hour'`);
  }

  async standing(member: string): Promise<Standing> {
    const { rows } = await this.#pool.query<{ members: number; held: number[] }>(
      `select (select count(*)::int from dispatcher.members where lease_until > clock_timestamp()) as members,
         array(select slot from dispatcher.slots where owner = $1 order by slot) as held`,
      [member],
    );
    return rows[0] ?? { members: 0, held: [] };
  }

  /** Takes up to so many slots that nobody alive holds. @returns them. */
  async take(member: string, most: number): Promise<number[]> {
    const { rows } = await this.#pool.query<{ slot: number }>(
      `update dispatcher.slots set owner = $1 where slot in (
         select s.slot from dispatcher.slots s where ${NO_LIVING_OWNER} order by s.slot limit $2 for update skip locked)
       returning slot`,
      [member, most],
    );
    return rows.map((row) => row.slot);
  }

  async giveBack(member: string, slots: readonly number[]): Promise<void> {
    await this.#pool.query('update dispatcher.slots set owner = null where owner = $1 and slot = any($2::smallint[])', [
      member,
      slots,
    ]);
  }

  /** Leaves word for the owner of the slot. */
  async handOver(slot: number, key: string, dueAt: Date): Promise<void> {
    await this.#pool.query('insert into dispatcher.handovers (slot, key, due_at) values ($1, $2, $3)', [
      slot,
      key,
      dueAt,
    ]);
  }

  async leave(member: string): Promise<void> {
    await this.#pool.query('update dispatcher.slots set owner = null where owner = $1', [member]);
    await this.#pool.query('delete from dispatcher.members where member = $1', [member]);
  }

  /** What others scheduled for endpoints of these slots since it was asked last. */
  async takeHandovers(slots: readonly number[]): Promise<{ key: string; dueMs: number }[]> {
    const { rows } = await this.#pool.query<{ key: string; due_at: Date }>(
      `with taken as (delete from dispatcher.handovers where slot = any($1::smallint[]) returning key, due_at)
       select key, min(due_at) as due_at from taken group by key`,
      [slots],
    );
    return rows.map((row) => ({ key: row.key, dueMs: row.due_at.getTime() }));
  }
}
