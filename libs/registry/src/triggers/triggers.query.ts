import { Injectable } from '@nestjs/common';
import type { TriggerState } from '@sluice/contracts';
import { readableJson } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Page, pageOf, windowOf } from '../requests/page.requests.ts';
import type { StoredTrigger } from './trigger.decider.ts';
import type { TriggersQuery } from './trigger.requests.ts';

export interface FoundTrigger extends StoredTrigger {
  deleted: boolean;
}

interface TriggerRecord {
  state: string;
  number: number;
  stream_version: number;
  deleted: boolean;
}

const FIND = 'select state, number, stream_version, deleted from registry.triggers';

@Injectable()
export class TriggerQueries {
  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  async byId(id: string): Promise<FoundTrigger | null> {
    const { rows } = await this.pool.query<TriggerRecord>(`${FIND} where id = $1`, [id]);
    return found(rows[0]);
  }

  async byNumber(number: number): Promise<FoundTrigger | null> {
    const { rows } = await this.pool.query<TriggerRecord>(`${FIND} where number = $1`, [number]);
    return found(rows[0]);
  }

  async page(appId: string, query: TriggersQuery): Promise<Page<TriggerState>> {
    const { below, limit } = windowOf(query);
    const { rows } = await this.pool.query<TriggerRecord>(
      `${FIND} where not deleted and app_id = $1 and number < $2 and ($3::uuid is null or flow_id = $3
           or profile = 'listener' and ${readableJson('state')} #>> '{listener,name}' =
             (select listener from registry.flows where id = $3 and not deleted))
         and ($4::text is null or position(lower($4) in lower(name)) > 0)
       order by number desc limit $5`,
      [appId, below, query.flowId ?? null, query.q ?? null, limit + 1],
    );
    return pageOf(
      rows,
      limit,
      (row) => row.number,
      (row) => JSON.parse(row.state) as TriggerState,
    );
  }
}

function found(row: TriggerRecord | undefined): FoundTrigger | null {
  if (!row) return null;
  return { state: JSON.parse(row.state) as TriggerState, streamVersion: row.stream_version, deleted: row.deleted };
}
