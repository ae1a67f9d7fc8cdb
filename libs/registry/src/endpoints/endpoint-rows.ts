import type { EndpointState } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';

const UPSERT: AlongsideStatement = {
  name: 'registry_endpoint',
  columns: ['int4', 'uuid', 'uuid', 'text', 'bool', 'text', 'int4', 'bool', 'text', 'text', 'text'],
  sql: (arrays) => `insert into registry.endpoints (id, uuid, app_id, name, enabled, state, stream_version, deleted,
       external_key, inline_name, customer)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set name = excluded.name, enabled = excluded.enabled, state = excluded.state,
      stream_version = excluded.stream_version, deleted = excluded.deleted, external_key = excluded.external_key,
      inline_name = excluded.inline_name, customer = excluded.customer`,
};

export function endpointRow(state: EndpointState, streamVersion: number, deleted: boolean): Alongside {
  const { id, uuid, appId, name, enabled } = state;
  const inlineName = state.kind === 'inline' ? name : null;
  const shown = [id, uuid, appId, name, enabled, JSON.stringify(state), streamVersion, deleted];
  const row = [...shown, state.externalKey ?? null, inlineName, state.customer ?? null];
  return { statement: UPSERT, rows: [row] };
}
