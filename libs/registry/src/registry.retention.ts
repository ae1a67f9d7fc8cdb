import type { RetentionRules } from '@sluice/platform';
import { tombstonePrune } from '@sluice/retention';

const ROWS = 2_000;

/** The registry's own events stay. What it took back from the tables that everybody copies need not be told for ever. */
export const REGISTRY_RETENTION: RetentionRules = {
  needs: [],
  prunes: [
    tombstonePrune('access.tokens', 'token_id'),
    tombstonePrune('access.sessions', 'session_id'),
    {
      table: 'access.sessions',
      batchRows: ROWS,
      sql: `delete from access.sessions where session_id in (
        select session_id from access.sessions where expires_at < least($1, now() - interval '1 day')
        limit ${ROWS} for update skip locked)`,
    },
    // Portal links have a short end, so nobody revokes them.
    {
      table: 'access.tokens',
      batchRows: ROWS,
      sql: `delete from access.tokens where token_id in (
        select token_id from access.tokens where kind = 'portal' and expires_at < least($1, now() - interval '1 day')
        limit ${ROWS} for update skip locked)`,
    },
    {
      table: 'registry.portal_links',
      batchRows: ROWS,
      sql: `delete from registry.portal_links where id in (
        select id from registry.portal_links where expires_at < $1 order by expires_at limit ${ROWS} for update skip locked)`,
    },
  ],
};
