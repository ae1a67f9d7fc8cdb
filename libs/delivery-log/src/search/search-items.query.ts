import { Injectable } from '@nestjs/common';
import type { RequestRejected, TriggerAccepted } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { SourceName } from './search-kinds.ts';
import type { SearchItem } from './search.requests.ts';

type Row = Record<string, string | number | null> & { id: string };
type Shown = Omit<SearchItem, 'kind' | 'id' | 'at'>;

const NOTHING = {
  triggerId: null,
  flowId: null,
  endpointId: null,
  eventType: null,
  statusCode: null,
  runId: null,
} satisfies Partial<Shown>;

const SQL: Readonly<Record<SourceName, string>> = {
  request: `select id, trigger_id, flow_id, data from delivery_log.requests where id = any($1)`,
  rejection: `select id, trigger_id, data from delivery_log.rejected_requests where id = any($1)`,
  run: `select id, number::float8 as number, status, trigger_id, flow_id from delivery_log.runs where id = any($1)`,
  event: `select id, type, run_id from delivery_log.domain_events where id = any($1)`,
  delivery: `select id, event_type, endpoint_id, endpoint_name, run_id, status, last_status
    from delivery_log.deliveries where id = any($1)`,
};

const text = (value: string | number | null | undefined): string | null => (value == null ? null : String(value));

const SHOWN: Readonly<Record<SourceName, (row: Row) => Shown>> = {
  request: (row) => {
    const { method, bodySize } = JSON.parse(String(row.data)) as TriggerAccepted;
    const title = `${method}, ${bodySize} bytes`;
    return {
      ...NOTHING,
      title,
      status: 'accepted',
      triggerId: text(row.trigger_id),
      flowId: text(row.flow_id),
      runId: row.id,
    };
  },
  rejection: (row) => {
    const { method, code, status, flowId } = JSON.parse(String(row.data)) as RequestRejected;
    const title = `${method}: ${code}`;
    return { ...NOTHING, title, status: 'rejected', statusCode: status, triggerId: text(row.trigger_id), flowId };
  },
  run: (row) => ({
    ...NOTHING,
    title: row.number === null ? 'Run' : `Run ${row.number}`,
    status: String(row.status),
    triggerId: text(row.trigger_id),
    flowId: text(row.flow_id),
    runId: row.id,
  }),
  event: (row) => ({
    ...NOTHING,
    title: String(row.type),
    status: 'recorded',
    eventType: String(row.type),
    runId: text(row.run_id),
  }),
  delivery: (row) => ({
    ...NOTHING,
    title: `${row.event_type} to ${row.endpoint_name ?? `endpoint ${row.endpoint_id}`}`,
    status: String(row.status),
    endpointId: Number(row.endpoint_id),
    eventType: text(row.event_type),
    statusCode: row.last_status === null ? null : Number(row.last_status),
    runId: text(row.run_id),
  }),
};

/** What a search shows of what it has found. */
@Injectable()
export class SearchItemsQuery {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  async of(source: SourceName, ids: readonly string[]): Promise<Map<string, Shown>> {
    if (ids.length === 0) return new Map();
    const { rows } = await this.pool.query<Row>({
      name: `delivery_log_search_${source}`,
      text: SQL[source],
      values: [ids],
    });
    return new Map(rows.map((row) => [row.id, SHOWN[source](row)]));
  }
}
