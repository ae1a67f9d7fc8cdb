import type { BusEvent } from '@sluice/bus';
import type { EndpointChanged } from '@sluice/contracts';
import type { ClientBase } from 'pg';

const UPSERT = `insert into runner.inline_endpoints as e (uuid, id, app_id, name, state, stream_version, deleted)
  select * from json_to_recordset($1::json) as r(uuid uuid, id int, app_id uuid, name text, state text,
    stream_version int, deleted boolean)
  on conflict (uuid) do update set name = excluded.name, state = excluded.state,
    stream_version = excluded.stream_version, deleted = excluded.deleted
  where excluded.stream_version > e.stream_version`;

/** Writes the inline endpoints of a batch to the runner's copy; event endpoints are none of its business. */
export async function applyInlineEndpoints(client: ClientBase, events: readonly BusEvent[]): Promise<void> {
  const rows = new Map<string, unknown>();
  for (const event of events) {
    if (!event.type.startsWith('Endpoint')) continue;
    const { endpoint } = event.data as EndpointChanged;
    if (endpoint.kind !== 'inline') continue;
    const { uuid, id, appId: app_id, name } = endpoint;
    const deleted = event.type === 'EndpointDeleted';
    const state = JSON.stringify(endpoint);
    rows.set(uuid, { uuid, id, app_id, name, state, stream_version: event.version, deleted });
  }
  if (rows.size > 0) await client.query(UPSERT, [JSON.stringify([...rows.values()])]);
}
