import { Injectable } from '@nestjs/common';
import type { FlowDefinition, FlowState } from '@sluice/contracts';
import { readableJson } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Page, type PageQuery, pageOf, windowOf } from '../requests/page.requests.ts';
import type { StoredFlow } from './flow.decider.ts';
import type { FlowsQuery } from './flow.requests.ts';
import type { FlowVersionSummary, FlowVersionView } from './flow.responses.ts';

export interface FoundFlow extends StoredFlow {
  deleted: boolean;
}

interface FlowRecord {
  state: string;
  definition: string;
  stream_version: number;
  deleted: boolean;
}

interface VersionRecord {
  version: number;
  saved_at: Date;
  saved_by: string;
  published: boolean | null;
  definition: string;
}

const FIND = `select f.state, v.definition, f.stream_version, f.deleted
  from registry.flows f join registry.saved_flow_versions v on v.flow_id = f.id and v.version = f.version`;
const VERSIONS = `select v.version, v.saved_at, v.saved_by, v.version = f.published_version as published, v.definition
  from registry.saved_flow_versions v join registry.flows f on f.id = v.flow_id`;

/** Reads flows and their versions. */
@Injectable()
export class FlowQueries {
  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  async byId(id: string): Promise<FoundFlow | null> {
    const { rows } = await this.pool.query<FlowRecord>(`${FIND} where f.id = $1`, [id]);
    return found(rows[0]);
  }

  async byListener(appId: string, listener: string): Promise<FoundFlow | null> {
    const { rows } = await this.pool.query<FlowRecord>(
      `${FIND} where f.app_id = $1 and f.listener = $2 and not f.deleted`,
      [appId, listener],
    );
    return found(rows[0]);
  }

  /** Flows that have a listener name, newest first. */
  async listeners(appId: string, query: PageQuery): Promise<Page<FoundFlow>> {
    const { below, limit } = windowOf(query);
    const { rows } = await this.pool.query<FlowRecord & { number: number }>(
      `select f.number, ${FIND.slice('select '.length)}
       where f.app_id = $1 and f.listener is not null and not f.deleted and f.number < $2
       order by f.number desc limit $3`,
      [appId, below, limit + 1],
    );
    return pageOf(
      rows,
      limit,
      (row) => row.number,
      (row) => foundOf(row),
    );
  }

  async byNumber(number: number): Promise<FoundFlow | null> {
    const { rows } = await this.pool.query<FlowRecord>(`${FIND} where f.number = $1`, [number]);
    return found(rows[0]);
  }

  async page(appId: string, query: FlowsQuery): Promise<Page<FlowState>> {
    const { below, limit } = windowOf(query);
    const { rows } = await this.pool.query<{ state: string; number: number }>(
      `select state, number from registry.flows where not deleted and app_id = $1 and number < $2
         and ($3::text is null or status = $3)
         and ($4::text is null or position(lower($4) in lower(name || ' ' || coalesce(listener, ''))) > 0)
       order by number desc limit $5`,
      [appId, below, query.status ?? null, query.q ?? null, limit + 1],
    );
    return pageOf(
      rows,
      limit,
      (row) => row.number,
      (row) => JSON.parse(row.state) as FlowState,
    );
  }

  async versions(flowId: string, query: PageQuery): Promise<Page<FlowVersionSummary>> {
    const { below, limit } = windowOf(query);
    const { rows } = await this.pool.query<VersionRecord>(
      `${VERSIONS} where v.flow_id = $1 and v.version < $2 order by v.version desc limit $3`,
      [flowId, below, limit + 1],
    );
    return pageOf(rows, limit, (row) => row.version, summaryOf);
  }

  async version(flowId: string, version: number): Promise<FlowVersionView | null> {
    const { rows } = await this.pool.query<VersionRecord>(`${VERSIONS} where v.flow_id = $1 and v.version = $2`, [
      flowId,
      version,
    ]);
    const row = rows[0];
    return row ? { ...summaryOf(row), definition: JSON.parse(row.definition) as FlowDefinition } : null;
  }

  /** How many triggers and schedules start the flow; those that name a listener do not need this one. */
  async countTriggers(flowId: string): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `select (select count(*) from registry.triggers
           where flow_id = $1 and not deleted and ${readableJson('state')} -> 'listener' is null)::int
         + (select count(*) from registry.schedules where flow_id = $1 and not deleted)::int as count`,
      [flowId],
    );
    return rows[0]?.count ?? 0;
  }
}

function found(row: FlowRecord | undefined): FoundFlow | null {
  return row ? foundOf(row) : null;
}

function foundOf(row: FlowRecord): FoundFlow {
  return {
    state: JSON.parse(row.state) as FlowState,
    definition: JSON.parse(row.definition) as FlowDefinition,
    streamVersion: row.stream_version,
    deleted: row.deleted,
  };
}

function summaryOf(row: VersionRecord): FlowVersionSummary {
  return {
    version: row.version,
    published: row.published === true,
    savedAt: row.saved_at.toISOString(),
    savedBy: row.saved_by,
  };
}
