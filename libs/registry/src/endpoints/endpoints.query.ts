import { Injectable } from '@nestjs/common';
import type { EndpointState } from '@sluice/contracts';
import { HEALTHY, statusesOf } from '@sluice/endpoint-status';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Page, pageOf, windowOf } from '../requests/page.requests.ts';
import type { StoredEndpoint } from './endpoint.decider.ts';
import type { EndpointsQuery } from './endpoint.requests.ts';
import { endpointDeliveryOf, type EndpointView } from './endpoint.responses.ts';

export interface FoundEndpoint extends StoredEndpoint {
  deleted: boolean;
}

interface EndpointRecord {
  id: number;
  state: string;
  stream_version: number;
  deleted: boolean;
}

const FIND = 'select id, state, stream_version, deleted from registry.endpoints';

@Injectable()
export class EndpointQueries {
  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  async byNumber(id: number): Promise<FoundEndpoint | null> {
    const { rows } = await this.pool.query<EndpointRecord>(`${FIND} where id = $1`, [id]);
    return found(rows[0]);
  }

  async byUuid(uuid: string): Promise<FoundEndpoint | null> {
    const { rows } = await this.pool.query<EndpointRecord>(`${FIND} where uuid = $1`, [uuid]);
    return found(rows[0]);
  }

  /** The inline endpoints of an app by name; a thousand at most. */
  async inline(appId: string): Promise<EndpointState[]> {
    const { rows } = await this.pool.query<EndpointRecord>(
      `${FIND} where app_id = $1 and inline_name is not null and not deleted order by inline_name limit 1000`,
      [appId],
    );
    return rows.map((row) => JSON.parse(row.state) as EndpointState);
  }

  /** With what the dispatcher knows of them. */
  async withDelivery(views: readonly EndpointView[]): Promise<EndpointView[]> {
    const statuses = await statusesOf(
      this.pool,
      views.map((view) => view.uuid),
    );
    return views.map((view) => ({ ...view, delivery: endpointDeliveryOf(statuses.get(view.uuid) ?? HEALTHY) }));
  }

  /** The live event endpoints of a customer, the newest first; one more than `most` tells that there are too many. */
  async ofCustomer(appId: string, customer: string, most: number): Promise<EndpointState[]> {
    const { rows } = await this.pool.query<EndpointRecord>(
      `${FIND} where not deleted and app_id = $1 and customer = $2 and inline_name is null order by id desc limit $3`,
      [appId, customer, most + 1],
    );
    return rows.map((row) => JSON.parse(row.state) as EndpointState);
  }

  async page(appId: string, query: EndpointsQuery): Promise<Page<EndpointState>> {
    const { below, limit } = windowOf(query);
    const { rows } = await this.pool.query<EndpointRecord>(
      `${FIND} where not deleted and app_id = $1 and id < $2
         and ($3::text is null or position(lower($3) in lower(name)) > 0) and ($5::text is null or customer = $5)
       order by id desc limit $4`,
      [appId, below, query.q ?? null, limit + 1, query.customer ?? null],
    );
    return pageOf(
      rows,
      limit,
      (row) => row.id,
      (row) => JSON.parse(row.state) as EndpointState,
    );
  }
}

function found(row: EndpointRecord | undefined): FoundEndpoint | null {
  if (!row) return null;
  return { state: JSON.parse(row.state) as EndpointState, streamVersion: row.stream_version, deleted: row.deleted };
}
