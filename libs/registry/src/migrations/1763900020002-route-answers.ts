import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an async version answers at once (LC-12); the gateway's projection makes the same of an event. */
function answerOf(version: 'live' | 'draft'): string {
  const of = (path: string): string => `${version}.definition::json #> '{${path}}'`;
  return `case when ${version}.response_mode = 'async' then json_build_object(
      'status', ${of('response,status')}, 'body', ${of('response,body')},
      'ref', case when ${version}.definition::json #>> '{steps,0,type}' = 'webhook' then ${of('steps,0,ref')} end,
      'strict', coalesce((${version}.definition::json ->> 'strict')::boolean, false))::text end as ${version}_answer`;
}

const VIEW = `create or replace view registry.routes as
  select t.id as trigger_id, t.app_id::text as app_id, t.flow_id, t.profile, t.methods, t.auth, t.token_hashes,
    t.enabled, t.props, f.status, f.published_version, f.version as saved_version,
    live.response_mode as live_mode, draft.response_mode as draft_mode, t.state,
    (live.definition::json -> 'inputs')::text as live_inputs,
    (draft.definition::json -> 'inputs')::text as draft_inputs,
    ${answerOf('live')},
    ${answerOf('draft')}
  from registry.triggers t
  join registry.flows f on f.id = t.flow_id and not f.deleted
  left join registry.saved_flow_versions live on live.flow_id = f.id and live.version = f.published_version
  left join registry.saved_flow_versions draft on draft.flow_id = f.id and draft.version = f.version
  where not t.deleted`;

export class RouteAnswers1763900020002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(VIEW);
  }

  /** A view loses columns only by being dropped, which nothing here needs. */
  down(): Promise<void> {
    return Promise.reject(new Error('the registry cannot be migrated back'));
  }
}
