import { TAILED_COLUMNS_SQL, tailedIndexSql } from '@sluice/local-copy';
import type { Pool } from 'pg';
import type { EndpointStatus, PauseReason } from './endpoint-status.ts';

/** The schema `endpoint_status`; run by the platform at boot, before any service. */
export function endpointStatusTablesSql(): string[] {
  return [
    'create schema if not exists endpoint_status',
    `create table if not exists endpoint_status.statuses (
      uuid uuid primary key,
      paused_at timestamptz, paused_reason text, paused_detail text,
      hold_until timestamptz, failing_since timestamptz, warned_at timestamptz,
      ${TAILED_COLUMNS_SQL}
    ) with (fillfactor = 70)`,
    tailedIndexSql('endpoint_status.statuses'),
    // How often a person let it begin anew: what was learnt of it before, and is written later, does not count any more.
    // Asked first, because altering locks the table even where the column is there.
    `do $$ begin
      if not exists (select from pg_attribute where attrelid = 'endpoint_status.statuses'::regclass and attname = 'begun') then
        alter table endpoint_status.statuses add column if not exists begun bigint not null default 0;
      end if;
    end $$`,
    // Counts pauses and resumes, in the order of their commits: what replicas say they have applied.
    'create table if not exists endpoint_status.changes (one boolean primary key default true check (one), n bigint not null)',
    'insert into endpoint_status.changes (n) values (0) on conflict do nothing',
  ];
}

export const STATUS_COLUMNS = [
  'paused_at',
  'paused_reason',
  'paused_detail',
  'hold_until',
  'failing_since',
  'warned_at',
] as const;

const textOf = (value: unknown): string | null => (value instanceof Date ? value.toISOString() : null);

export function statusOfRow(row: Readonly<Record<string, unknown>>): EndpointStatus {
  const pausedAt = textOf(row.paused_at);
  return {
    paused:
      pausedAt === null
        ? null
        : { at: pausedAt, reason: row.paused_reason as PauseReason, detail: row.paused_detail as string },
    holdUntil: textOf(row.hold_until),
    failingSince: textOf(row.failing_since),
    warnedAt: textOf(row.warned_at),
  };
}

/** The statuses of these endpoints; who is not in the answer is healthy. @throws what the database throws */
export async function statusesOf(pool: Pool, uuids: readonly string[]): Promise<Map<string, EndpointStatus>> {
  if (uuids.length === 0) return new Map();
  const { rows } = await pool.query<Record<string, unknown> & { uuid: string }>(
    `select uuid, ${STATUS_COLUMNS.join(', ')} from endpoint_status.statuses where uuid = any($1::uuid[])`,
    [uuids],
  );
  return new Map(rows.map((row) => [row.uuid, statusOfRow(row)]));
}
