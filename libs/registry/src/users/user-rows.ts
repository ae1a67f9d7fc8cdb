import type { UserState } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { administers } from './user.rules.ts';

export interface UserRow {
  state: UserState;
  streamVersion: number;
  /** The hash (PHC); in no event. */
  password: string;
  /** Sessions of another generation are over. */
  generation: number;
  deleted: boolean;
}

const UPSERT: AlongsideStatement = {
  name: 'registry_user',
  columns: ['uuid', 'int4', 'text', 'text', 'int4', 'bool', 'text', 'int4', 'bool'],
  sql: (arrays) => `insert into registry.users
      (id, number, email, password, generation, administers, state, stream_version, deleted)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set email = excluded.email, password = excluded.password,
      generation = excluded.generation, administers = excluded.administers, state = excluded.state,
      stream_version = excluded.stream_version, deleted = excluded.deleted`,
};

/** @throws AlongsideConflictError of constraint `user_email` when a user has this address. */
export function userRow({ state, streamVersion, password, generation, deleted }: UserRow): Alongside {
  const { id, number, email } = state;
  const administering = !deleted && administers(state);
  const row = [id, number, email, password, generation, administering, JSON.stringify(state), streamVersion, deleted];
  return { statement: UPSERT, rows: [row] };
}
