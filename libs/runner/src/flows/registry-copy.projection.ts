import type { BusEvent } from '@sluice/bus';
import type { FlowChanged, FlowSaved, FlowState, SecretChanged } from '@sluice/contracts';
import type { ClientBase } from 'pg';
import { applyInlineEndpoints } from './inline-endpoint-copy.ts';
import { applySchedules } from '../schedules/schedule-copy.ts';

/** The events of the registry that the copy follows. */
export const REGISTRY_EVENT_TYPES = [
  'FlowCreated',
  'FlowUpdated',
  'FlowPublished',
  'FlowStatusChanged',
  'FlowDeleted',
  'SecretSaved',
  'SecretDeleted',
  'ScheduleCreated',
  'ScheduleDeleted',
  'EndpointCreated',
  'EndpointUpdated',
  'EndpointSecretRotated',
  'EndpointDeleted',
] as const;

/** One row of `runner.flows`: the last state of a flow in a batch. */
export interface FlowUpsert {
  id: string;
  app_id: string;
  number: number;
  name: string;
  status: string;
  version: number;
  published_version: number | null;
  stream_version: number;
  deleted: boolean;
}

/** One row of `runner.flow_versions`. */
export interface FlowVersionInsert {
  flow_id: string;
  version: number;
  app_id: string;
  number: number;
  name: string;
  definition: string;
}

/** One row of `runner.secrets`: where the value of a name is sealed. */
export interface SecretUpsert {
  app_id: string;
  name: string;
  sealed_id: string;
  sealed_version: number;
  stream_version: number;
  deleted: boolean;
}

export interface RegistryRows {
  flows: FlowUpsert[];
  versions: FlowVersionInsert[];
  secrets: SecretUpsert[];
}

function secretOf({ secret }: SecretChanged, event: BusEvent): SecretUpsert {
  return {
    app_id: secret.appId,
    name: secret.name,
    sealed_id: secret.value.id,
    sealed_version: secret.value.version,
    stream_version: event.version,
    deleted: event.type === 'SecretDeleted',
  };
}

function upsertOf(flow: FlowState, event: BusEvent): FlowUpsert {
  return {
    id: flow.id,
    app_id: flow.appId,
    number: flow.number,
    name: flow.name,
    status: flow.status,
    version: flow.version,
    published_version: flow.publishedVersion,
    stream_version: event.version,
    deleted: event.type === 'FlowDeleted',
  };
}

/** Folds a batch to one row per flow, saved version and secret, so that each table is written by one statement. */
export function foldRegistryEvents(events: readonly BusEvent[]): RegistryRows {
  const flows = new Map<string, FlowUpsert>();
  const versions = new Map<string, FlowVersionInsert>();
  const secrets = new Map<string, SecretUpsert>();
  for (const event of events) {
    if (event.type.startsWith('Schedule') || event.type.startsWith('Endpoint')) continue;
    if (event.type.startsWith('Secret')) {
      secrets.set(event.streamId, secretOf(event.data as SecretChanged, event));
      continue;
    }
    const { flow, definition } = event.data as FlowChanged & Partial<FlowSaved>;
    flows.set(flow.id, upsertOf(flow, event));
    if (!definition) continue;
    const { id, appId, number, name, version } = flow;
    const row = { flow_id: id, version, app_id: appId, number, name, definition: JSON.stringify(definition) };
    versions.set(`${id}/${version}`, row);
  }
  return { flows: [...flows.values()], versions: [...versions.values()], secrets: [...secrets.values()] };
}

const FLOW_SQL = `insert into runner.flows as f
    (id, app_id, number, name, status, version, published_version, stream_version, deleted)
  select * from json_to_recordset($1::json) as r(id uuid, app_id uuid, number int, name text, status text,
    version int, published_version int, stream_version int, deleted boolean)
  on conflict (id) do update set name = excluded.name, status = excluded.status, version = excluded.version,
    published_version = excluded.published_version, stream_version = excluded.stream_version,
    deleted = excluded.deleted, changed_xid = pg_current_xact_id()
  where excluded.stream_version > f.stream_version`;

const VERSION_SQL = `insert into runner.flow_versions (flow_id, version, app_id, number, name, definition)
  select * from json_to_recordset($1::json) as r(flow_id uuid, version int, app_id uuid, number int, name text,
    definition text)
  on conflict do nothing`;

const SECRET_SQL = `insert into runner.secrets as s (app_id, name, sealed_id, sealed_version, stream_version, deleted)
  select * from json_to_recordset($1::json) as r(app_id uuid, name text, sealed_id uuid, sealed_version int,
    stream_version int, deleted boolean)
  on conflict (app_id, name) do update set sealed_id = excluded.sealed_id, sealed_version = excluded.sealed_version,
    stream_version = excluded.stream_version, deleted = excluded.deleted
  where excluded.stream_version > s.stream_version`;

const POSITION_SQL = `insert into runner.registry_position as p (partition, epoch, transaction_id, position)
  values ($1, $2, $3::xid8, $4) on conflict (partition) do update
  set epoch = excluded.epoch, transaction_id = excluded.transaction_id, position = excluded.position
  where (excluded.epoch, excluded.transaction_id, excluded.position) > (p.epoch, p.transaction_id, p.position)`;

/** How far the copy has come, as `epoch:transaction:position`. */
export const REGISTRY_MARKER_SQL = `select epoch || ':' || transaction_id || ':' || position from runner.registry_position
  order by epoch desc, transaction_id desc, position desc limit 1`;

/** Writes a batch to the copy; the caller's transaction holds it together with the checkpoint. */
export async function applyRegistryEvents(
  client: ClientBase,
  events: readonly BusEvent[],
  partition: number,
): Promise<void> {
  const { flows, versions, secrets } = foldRegistryEvents(events);
  if (versions.length > 0) await client.query(VERSION_SQL, [JSON.stringify(versions)]);
  if (flows.length > 0) await client.query(FLOW_SQL, [JSON.stringify(flows)]);
  if (secrets.length > 0) await client.query(SECRET_SQL, [JSON.stringify(secrets)]);
  await applySchedules(client, events);
  await applyInlineEndpoints(client, events);
  const last = events.at(-1)?.position;
  if (!last) return;
  const values = [partition, last.epoch, last.transactionId.toString(), last.position.toString()];
  await client.query(POSITION_SQL, values);
}
