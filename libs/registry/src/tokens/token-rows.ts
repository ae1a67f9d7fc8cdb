import type { TokenState } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';

const UPSERT: AlongsideStatement = {
  name: 'registry_token',
  columns: ['uuid', 'int4', 'uuid', 'uuid', 'bool', 'text', 'int4', 'bool'],
  sql: (arrays) => `insert into registry.tokens
      (id, number, app_id, user_id, bootstrap, state, stream_version, revoked)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set state = excluded.state, stream_version = excluded.stream_version,
      revoked = excluded.revoked`,
};

export interface TokenRow {
  state: TokenState;
  streamVersion: number;
  /** Given by the operator (`SLUICE_ADMIN_TOKEN`). */
  bootstrap: boolean;
  revoked: boolean;
}

export function tokenRow({ state, streamVersion, bootstrap, revoked }: TokenRow): Alongside {
  const { id, number, appId, userId } = state;
  const row = [id, number, appId, userId, bootstrap, JSON.stringify(state), streamVersion, revoked];
  return { statement: UPSERT, rows: [row] };
}
