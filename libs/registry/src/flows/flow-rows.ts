import type { FlowDefinition, FlowState } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';

const UPSERT: AlongsideStatement = {
  name: 'registry_flow',
  columns: ['uuid', 'int4', 'uuid', 'text', 'text', 'text', 'int4', 'int4', 'text', 'int4', 'bool', 'text'],
  sql: (arrays) => `insert into registry.flows
      (id, number, app_id, name, listener, status, version, published_version, state, stream_version, deleted,
       external_key)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set name = excluded.name, listener = excluded.listener, status = excluded.status,
      version = excluded.version, published_version = excluded.published_version, state = excluded.state,
      stream_version = excluded.stream_version, deleted = excluded.deleted, external_key = excluded.external_key`,
};

const SAVE_VERSION: AlongsideStatement = {
  name: 'registry_flow_version',
  columns: ['uuid', 'int4', 'text', 'text', 'timestamptz', 'text'],
  // Who saved the same version first is decided by the append of its event, which is in the same unit.
  sql: (arrays) => `insert into registry.saved_flow_versions
      (flow_id, version, response_mode, definition, saved_at, saved_by)
    select * from unnest(${arrays.join(', ')}) on conflict (flow_id, version) do nothing`,
};

export function flowRow(state: FlowState, streamVersion: number, deleted: boolean): Alongside {
  const { id, number, appId, name, listener, status, version, publishedVersion } = state;
  const row = [id, number, appId, name, listener, status, version, publishedVersion, JSON.stringify(state)];
  return { statement: UPSERT, rows: [[...row, streamVersion, deleted, state.externalKey ?? null]] };
}

export function versionRow(state: FlowState, definition: FlowDefinition, savedBy: string): Alongside {
  const mode = definition.response?.mode ?? null;
  const row = [state.id, state.version, mode, JSON.stringify(definition), state.updatedAt, savedBy];
  return { statement: SAVE_VERSION, rows: [row] };
}
