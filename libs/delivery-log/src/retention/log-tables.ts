import { firstIdAt } from '@sluice/contracts';

/** A table of the log whose rows live in partitions by the day that their key carries. */
export interface LogTable {
  name: string;
  /** The column that the day comes from: ids carry their cause's time. */
  key: string;
  keyType: 'uuid' | 'timestamptz';
  /** Of the partitions; a partitioned table itself takes none. */
  storage: string;
  /** Columns that nothing is chosen by: no statistics are kept of them. */
  payload: readonly string[];
}

/** At each half more: at PostgreSQL's tenth a day's tables are analysed every ten seconds while many triggers come. */
const ANALYZED = 'autovacuum_analyze_scale_factor = 0.5';
/** Rows that are written once: vacuum freezes them as it goes, soon after they came, and has nothing to clean. */
const WRITTEN_ONCE = `(autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
  autovacuum_freeze_min_age = 0, ${ANALYZED})`;
/** Room for the new version of a row in its own page, so that no index is touched. */
const UPDATED = `(fillfactor = 70, ${ANALYZED})`;

export const LOG_TABLES: readonly LogTable[] = [
  { name: 'requests', key: 'id', keyType: 'uuid', storage: WRITTEN_ONCE, payload: ['data', 'body'] },
  { name: 'rejected_requests', key: 'id', keyType: 'uuid', storage: WRITTEN_ONCE, payload: ['data'] },
  { name: 'runs', key: 'id', keyType: 'uuid', storage: UPDATED, payload: ['result', 'error'] },
  { name: 'steps', key: 'run_id', keyType: 'uuid', storage: WRITTEN_ONCE, payload: ['data'] },
  { name: 'domain_events', key: 'id', keyType: 'uuid', storage: WRITTEN_ONCE, payload: ['data'] },
  { name: 'deliveries', key: 'id', keyType: 'uuid', storage: UPDATED, payload: [] },
  { name: 'attempts', key: 'delivery_id', keyType: 'uuid', storage: WRITTEN_ONCE, payload: ['data'] },
  { name: 'led_to', key: 'cause_id', keyType: 'uuid', storage: WRITTEN_ONCE, payload: [] },
  { name: 'stats', key: 'bucket', keyType: 'timestamptz', storage: UPDATED, payload: [] },
];

export const DAY_MS = 86_400_000;

/** Days since 1970 (UTC). */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/** `2026-11-23` */
export function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The partition of a day. */
export function partitionName(table: string, day: number): string {
  return `${table}_p${isoDay(day).replaceAll('-', '')}`;
}

/** The partition of what has none of its own: what came before partitions were made, and what carries an old time. */
export function lateName(table: string): string {
  return `${table}_late`;
}

/** Where a day begins, as the bound of a partition. */
export function boundOf({ keyType }: LogTable, day: number): string {
  return keyType === 'uuid' ? `'${firstIdAt(day * DAY_MS)}'` : `'${isoDay(day)}T00:00:00Z'`;
}
