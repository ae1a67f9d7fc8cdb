import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { TAILED_COLUMNS_SQL, tailedIndexSql } from '@sluice/local-copy';

/** The schema `event_schemas`; run by the platform at boot, before any service. */
export function eventSchemaTablesSql(): string[] {
  return [
    'create schema if not exists event_schemas',
    `create table if not exists event_schemas.enforced (
      event_type_id uuid primary key, app_id uuid not null, name text not null, schema text not null,
      ${TAILED_COLUMNS_SQL})`,
    tailedIndexSql('event_schemas.enforced'),
  ];
}

const ENFORCE: AlongsideStatement = {
  name: 'event_schemas_enforce',
  columns: ['uuid', 'uuid', 'text', 'text'],
  sql: (arrays) => `insert into event_schemas.enforced (event_type_id, app_id, name, schema)
    select * from unnest(${arrays.join(', ')})
    on conflict (event_type_id) do update set schema = excluded.schema, changed_xid = pg_current_xact_id(),
      deleted = false`,
};

const RELEASE: AlongsideStatement = {
  name: 'event_schemas_release',
  columns: ['uuid'],
  sql: ([ids]) => `update event_schemas.enforced set deleted = true, changed_xid = pg_current_xact_id()
    where event_type_id = any(${ids})`,
};

/** From now on events of this type have to fit. Only the registry writes this table, together with its event. */
export function enforceSchema(type: { id: string; appId: string; name: string; schema: unknown }): Alongside {
  return { statement: ENFORCE, rows: [[type.id, type.appId, type.name, JSON.stringify(type.schema)]] };
}

export function releaseSchema(eventTypeId: string): Alongside {
  return { statement: RELEASE, rows: [[eventTypeId]] };
}
