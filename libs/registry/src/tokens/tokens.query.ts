import { Injectable } from '@nestjs/common';
import type { TokenState } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Page, type PageQuery, pageOf, windowOf } from '../requests/page.requests.ts';
import type { TokenRow } from './token-rows.ts';

interface TokenRecord {
  number: number;
  state: string;
  stream_version: number;
  bootstrap: boolean;
  revoked: boolean;
}

const FIND = 'select number, state, stream_version, bootstrap, revoked from registry.tokens';

@Injectable()
export class TokenQueries {
  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  async byId(id: string): Promise<TokenRow | null> {
    const { rows } = await this.pool.query<TokenRecord>(`${FIND} where id = $1`, [id]);
    return rows[0] ? rowOf(rows[0]) : null;
  }

  async byNumber(number: number): Promise<TokenRow | null> {
    const { rows } = await this.pool.query<TokenRecord>(`${FIND} where number = $1`, [number]);
    return rows[0] ? rowOf(rows[0]) : null;
  }

  /** Live tokens that operators gave at some start. */
  async bootstrapped(): Promise<TokenRow[]> {
    const { rows } = await this.pool.query<TokenRecord>(`${FIND} where bootstrap and not revoked`);
    return rows.map(rowOf);
  }

  async ofUser(userId: string): Promise<TokenRow[]> {
    const { rows } = await this.pool.query<TokenRecord>(`${FIND} where user_id = $1 and not revoked`, [userId]);
    return rows.map(rowOf);
  }

  /** Live tokens, newest first; `only` limits them to those of one app, `userId` to those of one user. */
  async page(query: PageQuery, only: string | null, userId: string | null = null): Promise<Page<TokenState>> {
    const { below, limit } = windowOf(query);
    const { rows } = await this.pool.query<TokenRecord>(
      `${FIND} where not revoked and number < $1 and ($2::uuid is null or app_id = $2)
         and ($4::uuid is null or user_id = $4) order by number desc limit $3`,
      [below, only, limit + 1, userId],
    );
    return pageOf(
      rows,
      limit,
      (row) => row.number,
      (row) => JSON.parse(row.state) as TokenState,
    );
  }
}

function rowOf(row: TokenRecord): TokenRow {
  return {
    state: JSON.parse(row.state) as TokenState,
    streamVersion: row.stream_version,
    bootstrap: row.bootstrap,
    revoked: row.revoked,
  };
}
