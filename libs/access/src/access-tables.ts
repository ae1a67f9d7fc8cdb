import { TAILED_COLUMNS_SQL, tailedIndexSql } from '@sluice/local-copy';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import type { PortalGrant } from '@sluice/contracts';
import { ACCESS_CHANGES_SQL } from './access-board.ts';
import { USERS_SQL } from './session-tables.ts';

/** A token as the guard knows it: never the token, only its hash. */
export interface AccessGrant {
  tokenId: string;
  /** Lower-case hex. */
  sha256: string;
  /** `call`: lent to an app's listener for one call of it, by the runner. */
  kind: 'personal' | 'trigger' | 'call' | 'portal';
  appId: string | null;
  userId: string | null;
  triggerId: string | null;
  scopes: readonly string[];
  /** RFC 3339, or null for a token without an end. */
  expiresAt: string | null;
  /** Of a portal link. */
  portal?: PortalGrant;
}

/** The schema `access`; run by the platform at boot, before any service. */
export function accessTablesSql(): string[] {
  return [
    'create schema if not exists access',
    `create table if not exists access.tokens (
      token_id uuid primary key, sha256 text not null unique, kind text not null, app_id uuid, user_id uuid,
      trigger_id uuid, scopes text not null, expires_at timestamptz, last_used_at timestamptz, ${TAILED_COLUMNS_SQL})`,
    // Only where it is not so yet: the statement waits for every reader, and all wait behind it.
    `do $$ begin
      if not exists (select from pg_attribute where attrelid = 'access.tokens'::regclass and attname = 'portal') then
        alter table access.tokens add column portal text;
      end if;
    end $$`,
    tailedIndexSql('access.tokens'),
    `create table if not exists access.apps (app_id uuid primary key, name text not null, ${TAILED_COLUMNS_SQL})`,
    tailedIndexSql('access.apps'),
    ...ACCESS_CHANGES_SQL,
    ...USERS_SQL,
  ];
}

const GRANT: AlongsideStatement = {
  name: 'access_grant',
  columns: ['uuid', 'text', 'text', 'uuid', 'uuid', 'uuid', 'text', 'timestamptz', 'text'],
  sql: (arrays) => `insert into access.tokens
      (token_id, sha256, kind, app_id, user_id, trigger_id, scopes, expires_at, portal)
    select * from unnest(${arrays.join(', ')})
    on conflict (token_id) do update set sha256 = excluded.sha256, scopes = excluded.scopes,
      expires_at = excluded.expires_at, changed_xid = pg_current_xact_id(), deleted = false`,
};

const REVOKE: AlongsideStatement = {
  name: 'access_revoke',
  columns: ['uuid'],
  sql: ([ids]) => `update access.tokens set deleted = true, changed_xid = pg_current_xact_id()
    where token_id = any(${ids})`,
};

const NAME_APP: AlongsideStatement = {
  name: 'access_name_app',
  columns: ['uuid', 'text'],
  sql: (arrays) => `insert into access.apps (app_id, name) select * from unnest(${arrays.join(', ')})
    on conflict (app_id) do update set name = excluded.name, changed_xid = pg_current_xact_id()`,
};

/** Lets tokens in, in the unit that appends the event saying so. Only the registry writes these tables. */
export function grantAccess(grants: readonly AccessGrant[]): Alongside {
  return {
    statement: GRANT,
    rows: grants.map((grant) => [
      grant.tokenId,
      grant.sha256,
      grant.kind,
      grant.appId,
      grant.userId,
      grant.triggerId,
      grant.scopes.join(' '),
      grant.expiresAt,
      grant.portal ? JSON.stringify(grant.portal) : null,
    ]),
  };
}

export function revokeAccess(tokenIds: readonly string[]): Alongside {
  return { statement: REVOKE, rows: tokenIds.map((id) => [id]) };
}

/** Makes an app selectable by its id and its name. */
export function nameApp(appId: string, name: string): Alongside {
  return { statement: NAME_APP, rows: [[appId, name]] };
}
