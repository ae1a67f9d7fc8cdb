import type { RetentionPrune } from '@sluice/platform';

const ROWS = 2_000;

/**
 * Rows of a tailed table (libs/local-copy) that were deleted so long ago. Copies see a deletion within a second, and
 * one that did not look for ten minutes loads everything anew; so a day is plenty, and the cut-off is never less.
 */
export function tombstonePrune(table: string, key: string): RetentionPrune {
  return {
    table,
    batchRows: ROWS,
    sql: `delete from ${table} where ${key} in (
      select ${key} from ${table} where deleted
        and changed_xid < (select max(xid) from retention.marks where taken_at < least($1, now() - interval '1 day'))
      limit ${ROWS})`,
  };
}
