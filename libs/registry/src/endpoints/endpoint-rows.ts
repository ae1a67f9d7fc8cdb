import type { EndpointState } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';

const UPSERT: AlongsideStatement = {
  name: 'registry_endpoint',
  columns: ['int4', 'uuid', 'uuid', 'text', 'bool', 'text', 'int4', 'bool', 'text'],
  sql: (arrays) => `insert into registry.endpoints (id, uuid, app_id, name, enabled, state, stream_version, deleted,
       external_key)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set name = excluded.name, enabled = excluded.enabled, state = excluded.state,
      stream_version = excluded.stream_version, deleted = excluded.deleted, external_key = excluded.external_key`,
};

export function endpointRow(state: EndpointState, streamVersion: number, deleted: boolean): Alongside {
  const { id, uuid, appId, name, enabled } = state;
  const row = [
    id,
    uuid,
    appId,
    name,
    enabled,
    JSON.stringify(state),
    streamVersion,
    deleted,
    state.externalKey ?? null,
  ];
  return { statement: UPSERT, rows: [row] };
}
