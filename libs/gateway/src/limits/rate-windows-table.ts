import type { Pool } from 'pg';
import type { SharedHits, UntoldHits } from './fixed-windows.ts';

/**
 * What all replicas together have counted. Unlogged: it is worth nothing after a crash of PostgreSQL, and its writes
 * cost no WAL.
 */
export const RATE_WINDOWS_TABLE_SQL = [
  `create unlogged table gateway.rate_windows (
    key text collate "C" primary key, started_at timestamptz not null, ends_at timestamptz not null, hits int not null,
    changed_xid xid8 not null default pg_current_xact_id())`,
  'create index rate_windows_changed on gateway.rate_windows (changed_xid)',
];

/**
 * Adds the hits of one replica. Times are the database's, so that the clocks of replicas need not agree: a replica says
 * how long ago its window began. In order of the keys, so that two replicas wait for each other instead of dying in a
 * deadlock.
 */
const TELL_SQL = {
  name: 'gateway:rate-tell',
  text: `insert into gateway.rate_windows as w (key, started_at, ends_at, hits)
    select t.key, now() - t.age_ms * interval '1 ms', now() + (t.window_ms - t.age_ms) * interval '1 ms', t.hits
    from unnest($1::text[], $2::int[], $3::float8[], $4::float8[]) as t(key, hits, age_ms, window_ms) order by t.key
    on conflict (key) do update set changed_xid = pg_current_xact_id(),
      hits = excluded.hits + case when w.ends_at > now() then w.hits else 0 end,
      started_at = case when w.ends_at > now() then least(w.started_at, excluded.started_at) else excluded.started_at end,
      ends_at = case when w.ends_at > now() then least(w.ends_at, excluded.ends_at) else excluded.ends_at end`,
};

/**
 * What changed since a reading, by the ids of transactions as in docs/decisions/0050: a time or a counter would skip what
 * commits late. One statement is one snapshot, so the horizon belongs to the rows.
 */
const READ_SQL = {
  name: 'gateway:rate-read',
  text: `select s.horizon, w.key, w.hits,
      (extract(epoch from now() - w.started_at) * 1000)::float8 as "ageMs",
      (extract(epoch from w.ends_at - w.started_at) * 1000)::float8 as "windowMs"
    from (select pg_snapshot_xmin(pg_current_snapshot())::text as horizon) s
    left join gateway.rate_windows w on w.changed_xid >= $1::xid8 and w.ends_at > now()`,
};

const SWEEP_ROWS = 10_000;
/** As many as every exchange of a minute may bring. */
const SWEEP_PORTIONS = 240;

const SWEEP_SQL = {
  name: 'gateway:rate-sweep',
  text: `delete from gateway.rate_windows where key in (
    select key from gateway.rate_windows where ends_at < now() - interval '10 s' limit ${SWEEP_ROWS} for update skip locked)`,
};

/** @throws what node-pg throws when the database is away; nothing was added then, as far as is known. */
export async function tellHits(pool: Pool, untold: readonly UntoldHits[]): Promise<void> {
  const values = [
    untold.map((each) => each.key),
    untold.map((each) => each.hits),
    untold.map((each) => each.ageMs),
    untold.map((each) => each.windowMs),
  ];
  await pool.query({ ...TELL_SQL, values });
}

/** What was counted since the reading that gave `since`; `0` reads everything. */
export async function readHits(pool: Pool, since: string): Promise<{ hits: SharedHits[]; horizon: string }> {
  const { rows } = await pool.query<SharedHits & { horizon: string }>({ ...READ_SQL, values: [since] });
  const horizon = rows[0]?.horizon ?? '0';
  // Another cluster, or this one set back in time: its transaction ids say nothing about what was read before.
  if (BigInt(horizon) < BigInt(since)) return readHits(pool, '0');
  return { hits: rows.filter((row) => row.key !== null), horizon };
}

/** Deletes rows of windows that have ended. */
export async function sweepRateWindows(pool: Pool): Promise<void> {
  // More keys may come in a minute than one statement should delete.
  for (let portion = 0; portion < SWEEP_PORTIONS; portion++) {
    const { rowCount } = await pool.query(SWEEP_SQL);
    if ((rowCount ?? 0) < SWEEP_ROWS) return;
  }
}
