import { Injectable } from '@nestjs/common';
import type { RequestRejected } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { decodeCursor, encodeCursor } from '../read-model/page.ts';
import { Where } from '../read-model/where.ts';
import { AppFloors } from '../retention/app-floors.ts';
import { RequestsQueries, type RequestView } from './requests.query.ts';
import type { TriggerRequestPage, TriggerRequestsQuery, TriggerRequestView } from './trigger-requests.requests.ts';

interface RejectedRow {
  id: string;
  app_id: string;
  received_at: Date;
  data: string;
}

function acceptedView(request: RequestView): TriggerRequestView {
  return { ...request, status: 'accepted', headerNames: Object.keys(request.headers), rejection: null };
}

function rejectedView(row: RejectedRow): TriggerRequestView {
  const data = JSON.parse(row.data) as RequestRejected;
  const { code, status, detail, notRecorded } = data;
  return {
    status: 'rejected',
    id: row.id,
    appId: row.app_id,
    triggerId: data.triggerId,
    flowId: data.flowId,
    receivedAt: row.received_at.toISOString(),
    method: data.method,
    remoteAddress: data.remoteAddress,
    bodySize: data.bodySize,
    headerNames: data.headerNames,
    rejection: { code, status, detail, notRecorded },
    contentType: null,
    bodySha256: null,
    body: null,
    bodyTruncated: false,
    headers: null,
    query: null,
    traceId: null,
    run: null,
  };
}

/** Everything that came to a trigger, what was refused among it (GW-08, LG-02). */
@Injectable()
export class TriggerRequestsQueries {
  constructor(
    @InjectPool('delivery-log') private readonly pool: Pool,
    private readonly requests: RequestsQueries,
    private readonly floors: AppFloors,
  ) {}

  /** Newest first: ids carry the time. Two short index scans, merged here. */
  async list(appId: string, triggerId: string, query: TriggerRequestsQuery): Promise<TriggerRequestPage> {
    const [accepted, rejected] = await Promise.all([
      query.status === 'rejected' ? [] : this.#accepted(appId, triggerId, query),
      query.status === 'accepted' ? [] : this.#rejected(appId, triggerId, query),
    ]);
    const all = [...accepted, ...rejected].sort((a, b) => (a.id < b.id ? 1 : -1));
    const items = all.slice(0, query.limit);
    const last = items.at(-1);
    return {
      items,
      nextCursor: all.length > query.limit && last ? encodeCursor({ at: last.receivedAt, id: last.id }) : null,
    };
  }

  async #accepted(appId: string, triggerId: string, query: TriggerRequestsQuery): Promise<TriggerRequestView[]> {
    const views = await this.requests.newest(appId, query, query.limit + 1, triggerId);
    return views.map(acceptedView);
  }

  async #rejected(appId: string, triggerId: string, query: TriggerRequestsQuery): Promise<TriggerRequestView[]> {
    const where = new Where()
      .add('app_id = ?', appId)
      .add('trigger_id = ?', triggerId)
      .addIf('id >= ?', await this.floors.of(appId))
      .between('received_at', query)
      .idsBetween('id', query)
      .addIf('id < ?', decodeCursor(query.cursor)?.id);
    const { rows } = await this.pool.query<RejectedRow>(
      `select id, app_id, received_at, data from delivery_log.rejected_requests ${where.sql}
       order by id desc limit ${query.limit + 1}`,
      where.values,
    );
    return rows.map(rejectedView);
  }
}
