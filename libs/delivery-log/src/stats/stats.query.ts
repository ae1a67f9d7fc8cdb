import { Injectable } from '@nestjs/common';
import { isUuid } from '@sluice/contracts';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { type ByMetric, growthOf, seriesOf, shownBacklog, statCounts, sumOf } from './series.rules.ts';
import { STEP, SUBJECT, type SubjectKind } from './stat-metrics.ts';
import type { Backlog, Stats, StatsQuery, StatsSubject } from './stats.requests.ts';

const STEP_MS = { minute: 60_000, hour: 3_600_000 } as const;
const DEFAULT_RANGE_MS = { minute: 3_600_000, hour: 7 * 86_400_000 } as const;
/** A day of minutes, two months of hours. */
export const MAX_POINTS = 1_440;
/** PostgreSQL's and Date's times reach further, ids' do not: 48 bits of milliseconds. */
const LAST_MS = 2 ** 48;

interface Range {
  sinceMs: number;
  untilMs: number;
  stepMs: number;
}

function invalid(pointer: string, message: string): Error {
  return platformError('invalid_request', `${pointer.slice(1)} ${message}`, { errors: [{ pointer, message }] });
}

/** @throws AppError `invalid_request` */
export function rangeOf({ since, until, step }: StatsQuery, nowMs: number): Range {
  const stepMs = STEP_MS[step];
  const end = until === undefined ? nowMs : Date.parse(until);
  const untilMs = Math.ceil(end / stepMs) * stepMs;
  const begin = since === undefined ? untilMs - DEFAULT_RANGE_MS[step] : Date.parse(since);
  const sinceMs = Math.floor(begin / stepMs) * stepMs;
  if (sinceMs < 0 || untilMs >= LAST_MS) throw invalid('/since', 'must be a time since 1970');
  if (sinceMs >= untilMs) throw invalid('/since', 'must be before until');
  const points = (untilMs - sinceMs) / stepMs;
  if (points > MAX_POINTS) throw invalid('/since', `must be at most ${MAX_POINTS} ${step}s before until`);
  return { sinceMs, untilMs, stepMs };
}

/** Whole apps are counted by hours as well; for the others the minutes are put together. */
const SERIES_SQL = `select floor(extract(epoch from bucket) * 1000 / $7)::float8 * $7 as start, metric, sum(count)::float8 as count
  from delivery_log.stats
  where app_id = $1 and kind = $2 and subject = $3 and step = $4 and bucket >= $5 and bucket < $6
  group by 1, 2`;

const GROWTH_SQL = `select metric, sum(count)::float8 as count from delivery_log.stats
  where app_id = $1 and kind = $2 and subject = $3 and step = $4 and bucket >= $5 and metric < 100 group by metric`;

/** Numbers for charts, from counters alone: nothing here depends on how much is stored. */
@Injectable()
export class StatsQueries {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  /** @throws AppError `invalid_request` */
  async of(appId: string, query: StatsQuery, nowMs = Date.now()): Promise<Stats> {
    const range = rangeOf(query, nowMs);
    const subject = await this.#subject(appId, query);
    const step = subject.kind === 'app' && query.step === 'hour' ? STEP.hour : STEP.minute;
    const key = [appId, SUBJECT[subject.kind], subject.id];
    const [counts, totals, after] = await Promise.all([
      this.#series([...key, step], range),
      this.#totals(key),
      this.#growthSince([...key, step], range.untilMs),
    ]);
    const now = growthOf(totals);
    const atEnd: Backlog = { runs: now.runs - after.runs, deliveries: now.deliveries - after.deliveries };
    const { sinceMs, untilMs, stepMs } = range;
    const points = Array.from({ length: (untilMs - sinceMs) / stepMs }, (_, index) => sinceMs + index * stepMs);
    return {
      appId,
      subject,
      since: new Date(sinceMs).toISOString(),
      until: new Date(untilMs).toISOString(),
      step: query.step,
      totals: statCounts(sumOf(counts.values())),
      backlog: shownBacklog(now),
      series: seriesOf(points, counts, atEnd),
    };
  }

  async #series(key: readonly unknown[], { sinceMs, untilMs, stepMs }: Range): Promise<Map<number, ByMetric>> {
    const { rows } = await this.pool.query<{ start: number; metric: number; count: number }>({
      name: 'delivery_log_stats_series',
      text: SERIES_SQL,
      values: [...key, new Date(sinceMs), new Date(untilMs), stepMs],
    });
    const points = new Map<number, Map<number, number>>();
    for (const { start, metric, count } of rows) {
      const point = points.get(start) ?? new Map<number, number>();
      points.set(start, point.set(metric, count));
    }
    return points;
  }

  async #totals(key: readonly unknown[]): Promise<ByMetric> {
    const { rows } = await this.pool.query<{ metric: number; count: number }>({
      name: 'delivery_log_stats_totals',
      text: `select metric, count::float8 as count from delivery_log.stat_totals
        where app_id = $1 and kind = $2 and subject = $3`,
      values: [...key],
    });
    return new Map(rows.map(({ metric, count }) => [metric, count]));
  }

  /** How much the backlog has grown since then. */
  async #growthSince(key: readonly unknown[], sinceMs: number): Promise<Backlog> {
    const { rows } = await this.pool.query<{ metric: number; count: number }>({
      name: 'delivery_log_stats_growth',
      text: GROWTH_SQL,
      values: [...key, new Date(sinceMs)],
    });
    return growthOf(new Map(rows.map(({ metric, count }) => [metric, count])));
  }

  async #subject(appId: string, { triggerId, flowId, endpointId }: StatsQuery): Promise<StatsSubject> {
    const given = [triggerId, flowId, endpointId].filter((id) => id !== undefined);
    if (given.length > 1) throw invalid('/triggerId', 'must come alone: of triggerId, flowId and endpointId one');
    if (triggerId) return { kind: 'trigger' satisfies SubjectKind, id: triggerId.toLowerCase() };
    if (flowId) return { kind: 'flow', id: flowId.toLowerCase() };
    if (endpointId === undefined) return { kind: 'app', id: appId };
    return { kind: 'endpoint', id: isUuid(endpointId) ? endpointId.toLowerCase() : await this.#uuidOf(endpointId) };
  }

  /** An endpoint that was never delivered to has nothing to count. */
  async #uuidOf(endpointId: string): Promise<string> {
    const { rows } = await this.pool.query<{ uuid: string }>({
      name: 'delivery_log_endpoint_uuid',
      text: 'select endpoint_uuid as uuid from delivery_log.endpoint_ids where endpoint_id = $1 limit 1',
      values: [Number(endpointId)],
    });
    return rows[0]?.uuid ?? '00000000-0000-0000-0000-000000000000';
  }
}
