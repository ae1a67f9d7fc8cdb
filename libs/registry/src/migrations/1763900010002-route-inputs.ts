import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The declared inputs of the published and of the latest version join the columns (LT-07). */
const VIEW = `create or replace view registry.routes as
  select t.id as trigger_id, t.app_id::text as app_id, t.flow_id, t.profile, t.methods, t.auth, t.token_hashes,
    t.enabled, t.props, f.status, f.published_version, f.version as saved_version,
    live.response_mode as live_mode, draft.response_mode as draft_mode, t.state,
    (live.definition::json -> 'inputs')::text as live_inputs,
    (draft.definition::json -> 'inputs')::text as draft_inputs
  from registry.triggers t
  join registry.flows f on f.id = t.flow_id and not f.deleted
  left join registry.saved_flow_versions live on live.flow_id = f.id and live.version = f.published_version
  left join registry.saved_flow_versions draft on draft.flow_id = f.id and draft.version = f.version
  where not t.deleted`;

export class RouteInputs1763900010002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(VIEW);
  }

  /** A view loses columns only by being dropped, which nothing here needs. */
  down(): Promise<void> {
    return Promise.reject(new Error('the registry cannot be migrated back'));
  }
}
