import { Injectable } from '@nestjs/common';
import type { UserState } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Page, pageOf, type SearchQuery, windowOf } from '../requests/page.requests.ts';
import { visibleUser } from './visible-user.rules.ts';
import type { UserRow } from './user-rows.ts';

interface UserRecord {
  number: number;
  password: string;
  generation: number;
  state: string;
  stream_version: number;
  deleted: boolean;
}

const FIND = 'select number, password, generation, state, stream_version, deleted from registry.users';

@Injectable()
export class UserQueries {
  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  async byId(id: string): Promise<UserRow | null> {
    const { rows } = await this.pool.query<UserRecord>(`${FIND} where id = $1`, [id]);
    return rows[0] ? rowOf(rows[0]) : null;
  }

  async byNumber(number: number): Promise<UserRow | null> {
    const { rows } = await this.pool.query<UserRecord>(`${FIND} where number = $1`, [number]);
    return rows[0] ? rowOf(rows[0]) : null;
  }

  /** The user who signs in with this address, if there is one. */
  async byEmail(email: string): Promise<UserRow | null> {
    const { rows } = await this.pool.query<UserRecord>(`${FIND} where email = $1 and not deleted`, [email]);
    return rows[0] ? rowOf(rows[0]) : null;
  }

  /** The oldest user who may sign in and administers all apps. */
  async firstAdministrator(): Promise<UserRow | null> {
    const { rows } = await this.pool.query<UserRecord>(
      `${FIND} where not deleted and not coalesce((state::json ->> 'disabled')::boolean, false)
         and exists (
           select 1 from json_array_elements(state::json -> 'roles') r
           where r ->> 'appId' is null and r ->> 'role' = 'administrator')
       order by number limit 1`,
    );
    return rows[0] ? rowOf(rows[0]) : null;
  }

  /** Newest first; `apps` limits them to the members of these apps, and to what they are there. */
  async page(query: SearchQuery, apps: readonly string[] | null): Promise<Page<UserState>> {
    const { below, limit } = windowOf(query);
    const { rows } = await this.pool.query<UserRecord>(
      `${FIND} where not deleted and number < $1
         and ($2::text[] is null or exists (
           select 1 from json_array_elements(state::json -> 'roles') r
           where r ->> 'appId' = any($2)))
         and ($3::text is null or position(lower($3) in lower((state::json ->> 'name') || ' ' || email)) > 0)
       order by number desc limit $4`,
      [below, apps, query.q ?? null, limit + 1],
    );
    return pageOf(
      rows,
      limit,
      (row) => row.number,
      (row) => visibleUser(apps, JSON.parse(row.state) as UserState),
    );
  }
}

function rowOf(row: UserRecord): UserRow {
  return {
    state: JSON.parse(row.state) as UserState,
    streamVersion: row.stream_version,
    password: row.password,
    generation: row.generation,
    deleted: row.deleted,
  };
}
