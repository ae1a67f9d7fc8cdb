import type { BusEvent } from '@sluice/bus';
import {
  derivedId,
  type FlowChanged,
  type FlowDefinition,
  type FlowState,
  type ScheduleChanged,
  type ScheduleState,
} from '@sluice/contracts';
import { nextTickMs } from '@sluice/cron';
import type { ClientBase } from 'pg';

/** One row of `runner.schedules`. */
export interface ScheduleRow {
  id: string;
  app_id: string;
  flow_id: string;
  /** A listener's schedule: `data` is its props; otherwise a flow's, and `data` its input. */
  listener: boolean;
  cron: string;
  time_zone: string;
  /** JSON. */
  data: string;
}

/** What the due row of a schedule carries, so that it is told from a run. */
export const TICK = { tick: true } as const;

function rowOfListener(schedule: ScheduleState): ScheduleRow {
  const { id, appId, flowId, cron, timeZone, props } = schedule;
  return {
    id,
    app_id: appId,
    flow_id: flowId,
    listener: true,
    cron,
    time_zone: timeZone,
    data: JSON.stringify(props ?? null),
  };
}

/** A schedule of a flow is what it says: saving the flow again with the same one changes nothing, not even its next time. */
export function rowsOfFlow(flow: FlowState, definition: FlowDefinition): ScheduleRow[] {
  return (definition.schedules ?? []).map(({ cron, timeZone: zone, input = {} }, index) => {
    const data = JSON.stringify(input);
    // Once, flows were saved with null.
    const timeZone = zone ?? 'UTC';
    return {
      id: derivedId('schedule', flow.id, JSON.stringify([index, cron, timeZone, data])),
      app_id: flow.appId,
      flow_id: flow.id,
      listener: false,
      cron,
      time_zone: timeZone,
      data,
    };
  });
}

const SAVE = `with saved as (
    insert into runner.schedules (id, app_id, flow_id, listener, cron, time_zone, data)
    select id, app_id, flow_id, listener, cron, time_zone, data from json_to_recordset($1::json)
      as r(id uuid, app_id uuid, flow_id uuid, listener boolean, cron text, time_zone text, data text)
    on conflict (id) do nothing returning id)
  insert into runner.due (id, key, due_at, payload)
  select s.id, 'schedules', to_timestamp(r.next_ms / 1000.0), $2
  from saved s join json_to_recordset($1::json) as r(id uuid, next_ms float8) on r.id = s.id
  where r.next_ms is not null on conflict (id) do nothing`;

/** Deleting the due row fences a tick that is being decided: its commit finds no row and is refused. */
const DROP = `with dropped as (delete from runner.schedules where id = any($1::uuid[]) returning id)
  delete from runner.due where id in (select id from dropped)`;

async function save(client: ClientBase, rows: readonly ScheduleRow[]): Promise<void> {
  if (rows.length === 0) return;
  const now = Date.now();
  const withNext = rows.map((row) => ({ ...row, next_ms: nextTickMs(row.cron, row.time_zone, now) }));
  await client.query(SAVE, [JSON.stringify(withNext), JSON.stringify(TICK)]);
}

/** Follows the schedules of listeners and of published flows; in the transaction that holds the checkpoint. */
export async function applySchedules(client: ClientBase, events: readonly BusEvent[]): Promise<void> {
  const flows = new Map<string, { flow: FlowState; deleted: boolean }>();
  for (const event of events) {
    if (event.type === 'ScheduleCreated') {
      await save(client, [rowOfListener((event.data as ScheduleChanged).schedule)]);
    } else if (event.type === 'ScheduleDeleted') {
      await client.query(DROP, [[(event.data as ScheduleChanged).schedule.id]]);
    } else if (event.type.startsWith('Flow')) {
      const { flow } = event.data as FlowChanged;
      flows.set(flow.id, { flow, deleted: event.type === 'FlowDeleted' });
    }
  }
  if (flows.size > 0) await applyFlows(client, [...flows.values()]);
}

async function applyFlows(client: ClientBase, flows: readonly { flow: FlowState; deleted: boolean }[]): Promise<void> {
  const live = flows.filter(({ flow, deleted }) => !deleted && flow.publishedVersion !== null);
  const { rows } = await client.query<{ flow_id: string; definition: string }>(
    `select v.flow_id, v.definition from runner.flow_versions v
     join unnest($1::uuid[], $2::int[]) as w(flow_id, version) on w.flow_id = v.flow_id and w.version = v.version`,
    [live.map(({ flow }) => flow.id), live.map(({ flow }) => flow.publishedVersion)],
  );
  const definitions = new Map(rows.map((row) => [row.flow_id, JSON.parse(row.definition) as FlowDefinition]));
  const wanted = live.flatMap(({ flow }) => rowsOfFlow(flow, definitions.get(flow.id) ?? { steps: [] }));
  const known = await client.query<{ id: string }>(
    'select id from runner.schedules where flow_id = any($1::uuid[]) and not listener',
    [flows.map(({ flow }) => flow.id)],
  );
  const ids = new Set(wanted.map((row) => row.id));
  const gone = known.rows.map(({ id }) => id).filter((id) => !ids.has(id));
  if (gone.length > 0) await client.query(DROP, [gone]);
  await save(client, wanted);
}
