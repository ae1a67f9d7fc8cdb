import type { EventTypeState } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';

const UPSERT: AlongsideStatement = {
  name: 'registry_event_type',
  columns: ['uuid', 'uuid', 'text', 'text', 'int4', 'bool'],
  sql: (arrays) => `insert into registry.event_types (id, app_id, name, state, stream_version, deleted)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set state = excluded.state, stream_version = excluded.stream_version,
      deleted = excluded.deleted`,
};

const SAVE_VERSION: AlongsideStatement = {
  name: 'registry_event_type_version',
  columns: ['uuid', 'int4', 'text', 'timestamptz', 'text'],
  sql: (arrays) => `insert into registry.event_type_versions (event_type_id, version, schema, saved_at, saved_by)
    select * from unnest(${arrays.join(', ')}) on conflict (event_type_id, version) do nothing`,
};

export function eventTypeRow(state: EventTypeState, streamVersion: number, deleted: boolean): Alongside {
  const { id, appId, name } = state;
  return { statement: UPSERT, rows: [[id, appId, name, JSON.stringify(state), streamVersion, deleted]] };
}

export function eventTypeVersionRow(state: EventTypeState, savedBy: string): Alongside {
  const row = [state.id, state.version, JSON.stringify(state.schema ?? null), state.updatedAt, savedBy];
  return { statement: SAVE_VERSION, rows: [row] };
}
