import { Injectable } from '@nestjs/common';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { afterCursor, cursorOf, type SchedulesQuery, type TimedSchedule } from './schedule-resource.ts';

const DEFAULT_LIMIT = 50;

/** The flow is known before its schedules are, and both go together. */
const TIMED = `select s.*, f.status, coalesce(floor(extract(epoch from d.due_at) * 1000)::float8, 'Infinity') as due_ms
  from runner.schedules s join runner.flows f on f.id = s.flow_id left join runner.due d on d.id = s.id`;

/** An app's schedules with the times that the due-queue has for them. */
@Injectable()
export class SchedulesQueries {
  constructor(@InjectPool('runner') private readonly pool: Pool) {}

  /** Soonest first. One that comes round while pages are read moves to its next time: it may be seen again, never missed. */
  async list(
    appId: string,
    { flowId, limit = DEFAULT_LIMIT, cursor }: SchedulesQuery,
  ): Promise<{ rows: TimedSchedule[]; nextCursor: string | null }> {
    const after = cursor === undefined ? null : afterCursor(cursor);
    const { rows } = await this.pool.query<TimedSchedule>(
      `select * from (${TIMED} where s.app_id = $1 and ($2::uuid is null or s.flow_id = $2)) as timed
       where $3::float8 is null or (due_ms, id) > ($3, $4::uuid) order by due_ms, id limit $5`,
      [appId, flowId ?? null, after?.ms ?? null, after?.id ?? null, limit + 1],
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { rows: page, nextCursor: rows.length > limit && last ? cursorOf(last) : null };
  }

  async find(id: string): Promise<TimedSchedule | null> {
    const { rows } = await this.pool.query<TimedSchedule>(`${TIMED} where s.id = $1`, [id]);
    return rows[0] ?? null;
  }
}
