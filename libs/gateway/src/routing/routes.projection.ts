import type { FlowChanged, FlowDefinition, FlowSaved, TriggerChanged } from '@sluice/contracts';
import type { BusEvent } from '@sluice/bus';
import type { Position } from '@sluice/event-store';
import type { ClientBase } from 'pg';
import { type AsyncAnswer, type FlowInputs, TRIGGER_COLUMNS, triggerRow } from './route.ts';

/** The event types that change where requests go. */
export const ROUTING_EVENT_TYPES = [
  'FlowCreated',
  'FlowUpdated',
  'FlowPublished',
  'FlowStatusChanged',
  'FlowDeleted',
  'TriggerCreated',
  'TriggerUpdated',
  'TriggerTokenAdded',
  'TriggerTokenRevoked',
  'TriggerSecretAdded',
  'TriggerSecretRevoked',
  'TriggerCaptureSet',
  'TriggerDeleted',
] as const;

/** One row of `gateway.triggers`: the last state of a trigger in a batch. */
export type TriggerUpsert = ReturnType<typeof triggerRow> & { version: number; deleted: boolean };

/** One row of `gateway.flows`: the last state of a flow in a batch, and what the versions saved in it declare. */
export interface FlowUpsert {
  flow_id: string;
  app_id: string;
  listener: string | null;
  status: string;
  published_version: number | null;
  saved_version: number;
  modes: Record<string, 'sync' | 'async'>;
  inputs: Record<string, FlowInputs>;
  answers: Record<string, AsyncAnswer>;
  version: number;
  deleted: boolean;
}

/** Folds a batch to one row per trigger and flow, so that each table is written by one statement. */
export function foldRoutingEvents(events: readonly BusEvent[]): { triggers: TriggerUpsert[]; flows: FlowUpsert[] } {
  const triggers = new Map<string, TriggerUpsert>();
  const flows = new Map<string, FlowUpsert>();
  for (const event of events) {
    if (event.type.startsWith('Trigger')) {
      const { trigger } = event.data as TriggerChanged;
      const deleted = event.type === 'TriggerDeleted';
      triggers.set(trigger.id, { ...triggerRow(trigger), version: event.version, deleted });
    } else if (event.type.startsWith('Flow')) {
      const change = flowUpsert(event);
      const earlier = flows.get(change.flow_id);
      flows.set(change.flow_id, {
        ...change,
        modes: { ...earlier?.modes, ...change.modes },
        inputs: { ...earlier?.inputs, ...change.inputs },
        answers: { ...earlier?.answers, ...change.answers },
      });
    }
  }
  return { triggers: [...triggers.values()], flows: [...flows.values()] };
}

function flowUpsert(event: BusEvent): FlowUpsert {
  const { flow, definition } = event.data as FlowChanged & Partial<FlowSaved>;
  const mode = definition?.response?.mode;
  const inputs = definition?.inputs;
  const answer = definition && asyncAnswerOf(definition);
  return {
    flow_id: flow.id,
    app_id: flow.appId,
    listener: flow.listener,
    status: flow.status,
    published_version: flow.publishedVersion,
    saved_version: flow.version,
    modes: mode ? { [flow.version]: mode } : {},
    inputs: inputs ? { [flow.version]: inputs } : {},
    answers: answer ? { [flow.version]: answer } : {},
    version: event.version,
    deleted: event.type === 'FlowDeleted',
  };
}

/** As the view `registry.routes` says it of a version. */
function asyncAnswerOf({ response, steps, strict }: FlowDefinition): AsyncAnswer | null {
  if (response?.mode !== 'async') return null;
  const ref = steps[0]?.type === 'webhook' ? steps[0].ref : null;
  return { status: response.status ?? null, body: response.body ?? null, ref, strict: strict === true };
}

const TRIGGER_TYPES: Record<(typeof TRIGGER_COLUMNS)[number], string> = {
  trigger_id: 'uuid',
  flow_id: 'uuid',
  profile: 'text',
  state: 'text',
};
const TRIGGER_SQL = `insert into gateway.triggers as t (${TRIGGER_COLUMNS.join(', ')}, version, deleted)
  select ${TRIGGER_COLUMNS.map((name) => `r.${name}`).join(', ')}, r.version, r.deleted
  from json_to_recordset($1::json) as r(${TRIGGER_COLUMNS.map((name) => `${name} ${TRIGGER_TYPES[name]}`).join(', ')},
    version int, deleted boolean)
  on conflict (trigger_id) do update set
    ${TRIGGER_COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')},
    version = excluded.version, deleted = excluded.deleted, changed_xid = pg_current_xact_id()
  where excluded.version > t.version`;

/** A rollback publishes a version saved long ago, so what each version declares is kept. */
const FLOW_SQL = `insert into gateway.flows as f
    (flow_id, status, published_version, saved_version, modes, live_mode, draft_mode, inputs, live_inputs, draft_inputs,
    answers, live_answer, draft_answer, app_id, listener, version, deleted)
  select r.flow_id, r.status, r.published_version, r.saved_version, r.modes,
    r.modes ->> r.published_version::text, r.modes ->> r.saved_version::text,
    r.inputs, r.inputs ->> r.published_version::text, r.inputs ->> r.saved_version::text,
    r.answers, r.answers ->> r.published_version::text, r.answers ->> r.saved_version::text, r.app_id, r.listener, r.version, r.deleted
  from json_to_recordset($1::json) as r(flow_id uuid, app_id text, listener text, status text, published_version int, saved_version int,
    modes jsonb, inputs jsonb, answers jsonb, version int, deleted boolean)
  on conflict (flow_id) do update set
    status = excluded.status, app_id = excluded.app_id, listener = excluded.listener,
    published_version = excluded.published_version,
    saved_version = excluded.saved_version, modes = f.modes || excluded.modes,
    live_mode = (f.modes || excluded.modes) ->> excluded.published_version::text,
    draft_mode = (f.modes || excluded.modes) ->> excluded.saved_version::text,
    inputs = f.inputs || excluded.inputs,
    live_inputs = (f.inputs || excluded.inputs) ->> excluded.published_version::text,
    draft_inputs = (f.inputs || excluded.inputs) ->> excluded.saved_version::text,
    answers = f.answers || excluded.answers,
    live_answer = (f.answers || excluded.answers) ->> excluded.published_version::text,
    draft_answer = (f.answers || excluded.answers) ->> excluded.saved_version::text,
    version = excluded.version, deleted = excluded.deleted, changed_xid = pg_current_xact_id()
  where excluded.version > f.version`;

const POSITION_SQL = `insert into gateway.routing_position as p (partition, epoch, transaction_id, position)
  values ($1, $2, $3::xid8, $4) on conflict (partition) do update
  set epoch = excluded.epoch, transaction_id = excluded.transaction_id, position = excluded.position
  where (excluded.epoch, excluded.transaction_id, excluded.position) > (p.epoch, p.transaction_id, p.position)`;

/** Writes a batch to the routing tables; the caller's transaction holds it together with the checkpoint. */
export async function applyRoutingEvents(
  client: ClientBase,
  events: readonly BusEvent[],
  partition: number,
): Promise<void> {
  const { triggers, flows } = foldRoutingEvents(events);
  if (flows.length > 0) await client.query(FLOW_SQL, [JSON.stringify(flows)]);
  if (triggers.length > 0) await client.query(TRIGGER_SQL, [JSON.stringify(triggers)]);
  const last = events.at(-1)?.position;
  if (last) await client.query(POSITION_SQL, positionValues(partition, last));
}

function positionValues(partition: number, position: Position): unknown[] {
  return [partition, position.epoch, position.transactionId.toString(), position.position.toString()];
}
