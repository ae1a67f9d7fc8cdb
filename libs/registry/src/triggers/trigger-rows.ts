import type { TriggerState } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';

const UPSERT: AlongsideStatement = {
  name: 'registry_trigger',
  columns: [
    'uuid',
    'int4',
    'uuid',
    'uuid',
    'text',
    'text',
    'text',
    'text',
    'text',
    'bool',
    'text',
    'text',
    'int4',
    'bool',
    'text',
  ],
  sql: (arrays) => `insert into registry.triggers
      (id, number, app_id, flow_id, name, profile, methods, auth, token_hashes, enabled, props, state, stream_version,
       deleted, external_key)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set name = excluded.name, methods = excluded.methods, auth = excluded.auth,
      token_hashes = excluded.token_hashes, enabled = excluded.enabled, props = excluded.props,
      state = excluded.state, stream_version = excluded.stream_version, deleted = excluded.deleted,
      external_key = excluded.external_key`,
};

/** The row that shows a trigger and that the view `registry.routes` is made of. */
export function triggerRow(state: TriggerState, streamVersion: number, deleted: boolean): Alongside {
  const row = [
    state.id,
    state.number,
    state.appId,
    state.flowId,
    state.name,
    state.profile,
    JSON.stringify(state.methods),
    JSON.stringify(state.auth),
    JSON.stringify(state.tokens.map((token) => token.sha256)),
    state.enabled,
    JSON.stringify(state.props ?? null),
    JSON.stringify(state),
    streamVersion,
    deleted,
    state.externalKey ?? null,
  ];
  return { statement: UPSERT, rows: [row] };
}
