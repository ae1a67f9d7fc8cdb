import { busTablesSql } from '@sluice/bus';
import { eventTablesSql } from '@sluice/event-store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const NUMBERS = ['environment', 'flow', 'trigger', 'endpoint', 'token'];

/**
 * The registry's tables: events, and the present state of everything as columns that are searched for plus the whole
 * state as JSON text. `stream_version` is the version of the resource's stream that a row shows.
 */
const TABLES = [
  `create table registry.apps (
    id uuid primary key, environment_id int not null unique, name text not null unique, state text not null,
    stream_version int not null)`,
  `create table registry.flows (
    id uuid primary key, number int not null unique, app_id uuid not null, name text not null, listener text,
    status text not null, version int not null, published_version int, state text not null,
    stream_version int not null, deleted boolean not null)`,
  'create index flows_newest on registry.flows (app_id, number desc) where not deleted',
  'create unique index flow_listener on registry.flows (app_id, listener) where listener is not null and not deleted',
  `create table registry.saved_flow_versions (
    flow_id uuid not null, version int not null, response_mode text, definition text not null,
    saved_at timestamptz not null, saved_by text not null, primary key (flow_id, version))`,
  `create table registry.triggers (
    id uuid primary key, number int not null unique, app_id uuid not null, flow_id uuid not null, name text not null,
    profile text not null, methods text not null, auth text not null, token_hashes text not null,
    enabled boolean not null, props text not null, state text not null, stream_version int not null,
    deleted boolean not null)`,
  'create index triggers_newest on registry.triggers (app_id, number desc) where not deleted',
  'create index triggers_of_flow on registry.triggers (flow_id) where not deleted',
  `create table registry.endpoints (
    id int primary key, uuid uuid not null unique, app_id uuid not null, name text not null, enabled boolean not null,
    state text not null, stream_version int not null, deleted boolean not null)`,
  'create index endpoints_newest on registry.endpoints (app_id, id desc) where not deleted',
  `create table registry.tokens (
    id uuid primary key, number int not null unique, app_id uuid, user_id uuid, bootstrap boolean not null,
    state text not null, stream_version int not null, revoked boolean not null)`,
  'create index tokens_newest on registry.tokens (number desc) where not revoked',
  `create table registry.secrets (
    id uuid primary key, app_id uuid not null, name text not null, sealed_id uuid not null, sealed_version int not null,
    state text not null, stream_version int not null, deleted boolean not null, unique (app_id, name))`,
];

const VIEWS = [
  // What the gateway reads on a routing miss; the columns are those of its own tables.
  `create view registry.routes as
    select t.id as trigger_id, t.app_id::text as app_id, t.flow_id, t.profile, t.methods, t.auth, t.token_hashes,
      t.enabled, t.props, f.status, f.published_version, f.version as saved_version,
      live.response_mode as live_mode, draft.response_mode as draft_mode
    from registry.triggers t
    join registry.flows f on f.id = t.flow_id and not f.deleted
    left join registry.saved_flow_versions live on live.flow_id = f.id and live.version = f.published_version
    left join registry.saved_flow_versions draft on draft.flow_id = f.id and draft.version = f.version
    where not t.deleted`,
  // What the runner reads when it meets a version that it has not copied yet; runs of deleted flows go on.
  `create view registry.flow_versions as
    select v.flow_id, v.version, v.definition, v.response_mode, v.saved_at, f.app_id::text as app_id, f.number, f.name,
      f.status, f.version as saved_version, f.published_version, f.state, f.stream_version, f.deleted
    from registry.saved_flow_versions v join registry.flows f on f.id = v.flow_id`,
];

export class CreateRegistry1732300000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      ...eventTablesSql('registry', ['registry.events'], { partitioned: false }),
      ...busTablesSql('registry'),
      ...NUMBERS.map((name) => `create sequence registry.${name}_numbers as int`),
      ...TABLES,
      ...VIEWS,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** Events are never thrown away by a migration. */
  down(): Promise<void> {
    return Promise.reject(new Error('the registry cannot be migrated below its first version'));
  }
}
