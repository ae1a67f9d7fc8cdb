import { Injectable } from '@nestjs/common';
import { type Actor, type AppScope, actorOf, type Principal } from '@sluice/access';
import { type AppCreated, isUuid, newId, type ScheduleState } from '@sluice/contracts';
import { cronProblem } from '@sluice/cron';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { Apps } from '../apps/apps.ts';
import { ChangeLog } from '../changes/change-log.ts';
import { MAX_SCHEDULED_BYTES } from '../flows/flow.rules.ts';
import { FlowQueries } from '../flows/flows.query.ts';
import { registryError } from '../registry.errors.ts';
import { isJsonObject } from '../requests/validated.ts';
import type { CronView } from './listener.requests.ts';
import { listenerNameOf } from './webhook.rules.ts';

const MAX_CRONS = 1_000;

const UPSERT: AlongsideStatement = {
  name: 'registry_schedule',
  columns: ['uuid', 'uuid', 'uuid', 'text', 'int4', 'bool'],
  sql: (arrays) => `insert into registry.schedules (id, app_id, flow_id, state, stream_version, deleted)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set stream_version = excluded.stream_version, deleted = excluded.deleted`,
};

/** A schedule as it was sent. */
export type WantedCron = Partial<Record<'listener' | 'cron' | 'timeZone' | 'props', unknown>>;

/** Listeners that are run at times, as Lenra's clients make them; the runner keeps the time. */
@Injectable()
export class Crons {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly flows: FlowQueries,
    private readonly apps: Apps,
  ) {}

  /** @throws AppError `invalid_listener`, `invalid_schedule`. */
  async create(body: unknown, scope: AppScope, caller: Principal): Promise<CronView> {
    const sent = isJsonObject(body) ? body : {};
    const app = await this.apps.find(scope.id);
    const wanted = { listener: sent.listener_name, cron: sent.schedule, timeZone: sent.time_zone, props: sent.props };
    if (!app) throw registryError('invalid_listener', 'There is no such app.');
    const schedule = await this.add(wanted, scope, actorOf(caller), caller.userId);
    return viewOf(schedule, app);
  }

  /** @throws AppError `invalid_listener`, `invalid_schedule`. */
  async add(wanted: WantedCron, scope: AppScope, actor: Actor, userId: string | null): Promise<ScheduleState> {
    const { listener, cron, timeZone, props } = checkedCron(wanted);
    const flow = await this.flows.byListener(scope.id, listener);
    if (!flow) throw registryError('invalid_listener', `There is no listener ${JSON.stringify(listener)}.`);
    if ((await this.read(scope.id)).length >= MAX_CRONS) {
      throw registryError('invalid_schedule', `An app has at most ${MAX_CRONS} schedules.`);
    }
    const flowId = flow.state.id;
    const createdAt = new Date().toISOString();
    const schedule = { id: newId(), appId: scope.id, flowId, listener, cron, timeZone, props, userId, createdAt };
    await this.commit(schedule, 'ScheduleCreated', actor);
    return schedule;
  }

  /** Oldest first. */
  async list(scope: AppScope): Promise<CronView[]> {
    const app = await this.apps.find(scope.id);
    return app ? (await this.read(app.id)).map((schedule) => viewOf(schedule, app)) : [];
  }

  async delete(id: string, scope: AppScope, actor: Actor): Promise<void> {
    const { rows } = await this.pool.query<{ state: string }>(
      'select state from registry.schedules where id = $1 and not deleted',
      [isUuid(id) ? id : newId()],
    );
    const schedule = rows[0] && (JSON.parse(rows[0].state) as ScheduleState);
    if (!schedule || !scope.sees(schedule.appId)) throw platformError('not_found', 'there is no such schedule');
    await this.commit(schedule, 'ScheduleDeleted', actor);
  }

  private async commit(
    schedule: ScheduleState,
    type: 'ScheduleCreated' | 'ScheduleDeleted',
    actor: Actor,
  ): Promise<void> {
    const deleted = type === 'ScheduleDeleted';
    const position = await this.changes.commit({
      streamId: schedule.id,
      expectedVersion: deleted ? 1 : 0,
      appId: schedule.appId,
      actor,
      events: [{ type, data: { schedule } }],
      alongside: [scheduleRow(schedule, deleted)],
    });
    await this.changes.isPropagating(position, ['runner']);
  }

  private async read(appId: string): Promise<ScheduleState[]> {
    const { rows } = await this.pool.query<{ state: string }>(
      'select state from registry.schedules where app_id = $1 and not deleted order by id',
      [appId],
    );
    return rows.map(({ state }) => JSON.parse(state) as ScheduleState);
  }
}

function scheduleRow(schedule: ScheduleState, deleted: boolean): Alongside {
  const { id, appId, flowId } = schedule;
  return { statement: UPSERT, rows: [[id, appId, flowId, JSON.stringify(schedule), deleted ? 2 : 1, deleted]] };
}

/** @throws AppError `invalid_listener`, `invalid_schedule`. */
export function checkedCron(wanted: WantedCron): Pick<ScheduleState, 'listener' | 'cron' | 'timeZone' | 'props'> {
  const listener = listenerNameOf(wanted.listener);
  const timeZone = wanted.timeZone ?? 'UTC';
  const problem = cronProblem(wanted.cron, timeZone) ?? sizeProblem(wanted.props);
  if (problem) throw registryError('invalid_schedule', `The schedule ${problem}.`);
  return { listener, cron: (wanted.cron as string).trim(), timeZone: timeZone as string, props: wanted.props ?? null };
}

function sizeProblem(props: unknown): string | null {
  const bytes = JSON.stringify(props ?? null).length;
  return bytes > MAX_SCHEDULED_BYTES ? `has props of more than ${MAX_SCHEDULED_BYTES} bytes` : null;
}

function viewOf(schedule: ScheduleState, app: AppCreated): CronView {
  const { id, listener, cron, timeZone, props } = schedule;
  return {
    id,
    listener_name: listener,
    schedule: cron,
    time_zone: timeZone,
    props,
    environment_id: app.environmentId,
  };
}
