import { Inject, Injectable } from '@nestjs/common';
import { type EndpointState, type FieldProblem, isUuid, newId } from '@sluice/contracts';
import { templateProblem } from '@sluice/endpoints';
import type { EventStorePort } from '@sluice/event-store';
import { type IdPageQuery, InjectPool, InjectStore, platformError } from '@sluice/platform';
import type { Pool, PoolClient } from 'pg';
import { dispatcherError } from '../dispatcher.errors.ts';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { DispatcherDueQueue } from '../delivering/dispatcher-due-queue.ts';
import type { ReplayJob, ReplayQuery } from './replay.ts';
import type { ReplayToOne } from './replay.requests.ts';
import { type ReplayPage, type ReplayRecord, type ReplayView, replayViewOf } from './replay.responses.ts';

const COLUMNS = 'id, app_id, query, state, scanned, planned, succeeded, failed, discarded, created_at, finished_at';
const DEFAULT_LIMIT = 50;

/** DL-06: starts replays and tells how far they are. */
@Injectable()
export class Replays {
  constructor(
    @InjectPool('dispatcher') private readonly pool: Pool,
    @InjectStore('dispatcher') private readonly store: EventStorePort,
    @Inject(DispatcherDueQueue) private readonly queue: DispatcherDueQueue,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {}

  /**
   * Durable when it resolves; the deliveries are planned in the background.
   * @throws AppError `invalid_request`, `endpoint_gone`
   */
  async start(
    wish: ReplayToOne,
    target: { endpoint: EndpointState | null; appId: string; by: string | null },
  ): Promise<string> {
    const { endpoint, appId, by } = target;
    const problems = problemsOf(wish);
    if (problems.length > 0) throw platformError('invalid_request', 'the replay is not valid', { errors: problems });
    if (endpoint && (!endpoint.enabled || endpoint.kind !== 'event')) {
      const why = endpoint.enabled ? 'is called by flows: there is nothing to send again' : 'is disabled';
      throw dispatcherError('endpoint_gone', `The endpoint ${why}.`);
    }
    const replayId = newId();
    const query: ReplayQuery = {
      endpointUuid: endpoint?.uuid ?? null,
      since: wish.since ?? null,
      until: wish.until ?? null,
      status: wish.status ?? null,
      eventTypes: wish.eventTypes ?? null,
      filter: wish.filter ?? null,
      eventIds: wish.eventIds ? [...new Set(wish.eventIds.map((id) => id.toLowerCase()))] : null,
    };
    const payload: ReplayJob = { replayId, job: 'replay' };
    await this.store.commit({
      appends: [],
      alongside: this.queue.plan([{ id: replayId, key: replayId, dueAt: new Date(this.config.now()), payload }]),
      alone: async (client: PoolClient) => {
        await client.query(
          'insert into dispatcher.replays (id, app_id, query, created_at, created_by) values ($1, $2, $3, now(), $4)',
          [replayId, appId, JSON.stringify(query), by],
        );
      },
    });
    return replayId;
  }

  page(appId: string, query: IdPageQuery): Promise<ReplayPage> {
    return this.pageWhere('app_id = $1', appId, query);
  }

  /** Those to one endpoint; those to all of the app are not among them. */
  pageOf(endpoint: EndpointState, query: IdPageQuery): Promise<ReplayPage> {
    return this.pageWhere(`query::json ->> 'endpointUuid' = $1::text`, endpoint.uuid, query);
  }

  private async pageWhere(condition: string, value: string, query: IdPageQuery): Promise<ReplayPage> {
    const limit = query.limit ?? DEFAULT_LIMIT;
    const { rows } = await this.pool.query<ReplayRecord>(
      `select ${COLUMNS} from dispatcher.replays where ${condition} and ($2::uuid is null or id < $2)
       order by id desc limit $3`,
      [value, query.cursor ?? null, limit + 1],
    );
    const items = rows.slice(0, limit);
    return { items: items.map(replayViewOf), nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  /** @throws AppError 404 */
  async get(id: string, sees: (appId: string) => boolean): Promise<ReplayView> {
    const { rows } = isUuid(id)
      ? await this.pool.query<ReplayRecord>(`select ${COLUMNS} from dispatcher.replays where id = $1`, [id])
      : { rows: [] };
    const [row] = rows;
    if (!row || !sees(row.app_id)) throw platformError('not_found', 'there is no such replay');
    return replayViewOf(row);
  }

  /** Nothing more is planned; what is planned goes out. */
  async cancel(id: string, sees: (appId: string) => boolean): Promise<ReplayView> {
    const replay = await this.get(id, sees);
    await this.pool.query(
      `update dispatcher.replays set state = 'cancelled', finished_at = now() where id = $1 and state = 'running'`,
      [replay.id],
    );
    return this.get(id, sees);
  }
}

function problemsOf({ since, until, filter }: ReplayToOne): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (since && until && Date.parse(since) >= Date.parse(until)) {
    problems.push({ pointer: '/until', message: 'must be after since' });
  }
  const message = filter ? templateProblem(filter, { bare: true }) : null;
  if (message) problems.push({ pointer: '/filter', message });
  return problems;
}
