import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an async version answers at once (LC-12); the gateway's projection makes the same of an event. */
function answerOf(version: 'live' | 'draft'): string {
  const of = (path: string): string => `${version}.definition::json #> '{${path}}'`;
  return `case when ${version}.response_mode = 'async' then json_build_object(
      'status', ${of('response,status')}, 'body', ${of('response,body')},
      'ref', case when ${version}.definition::json #>> '{steps,0,type}' = 'webhook' then ${of('steps,0,ref')} end,
      'strict', coalesce((${version}.definition::json ->> 'strict')::boolean, false))::text end as ${version}_answer`;
}

/** The name of the listener that a webhook finds its flow by (LN-01). */
const NAMED = `(t.state::json #>> '{listener,name}')`;

/**
 * As before, and triggers that hand on to endpoints are there too, without a flow (GW-11). The flow is that of the name, where the trigger has one, and may be missing; otherwise the one of the id, and a
 * trigger of a deleted flow is not there. Two joins, because one with "or" would read all flows.
 */
const VIEW = `create or replace view registry.routes as
  select t.id as trigger_id, t.app_id::text as app_id, f.id as flow_id, t.profile, t.methods, t.auth, t.token_hashes,
    t.enabled, t.props, f.status, f.published_version, f.version as saved_version,
    live.response_mode as live_mode, draft.response_mode as draft_mode, t.state,
    (live.definition::json -> 'inputs')::text as live_inputs,
    (draft.definition::json -> 'inputs')::text as draft_inputs,
    ${answerOf('live')},
    ${answerOf('draft')},
    f.listener
  from registry.triggers t
  left join registry.flows own on own.id = t.flow_id and not own.deleted and ${NAMED} is null
  left join registry.flows named
    on named.app_id = t.app_id and named.listener = ${NAMED} and not named.deleted
  left join registry.flows f on f.id = coalesce(own.id, named.id)
  left join registry.saved_flow_versions live on live.flow_id = f.id and live.version = f.published_version
  left join registry.saved_flow_versions draft on draft.flow_id = f.id and draft.version = f.version
  where not t.deleted and (own.id is not null or ${NAMED} is not null or t.state::json #> '{forwardTo,endpoints}' is not null)`;

export class ForwardingTriggers1764000070004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(VIEW);
  }

  /** Triggers that forward have no flow to fall back on. */
  down(): Promise<void> {
    return Promise.reject(new Error('the registry cannot be migrated back'));
  }
}
