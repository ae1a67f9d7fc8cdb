import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What each async version of a flow answers at once (LC-12), beside its declared inputs. What was copied before is
 * completed from the registry's view of versions, which never change; where there is no registry yet, nothing was
 * copied either.
 */
const STATEMENTS = [
  `alter table gateway.flows add column answers jsonb not null default '{}',
    add column live_answer text, add column draft_answer text`,
  `do $$ begin
    if to_regclass('registry.flow_versions') is not null then
      update gateway.flows f set answers = v.answers, live_answer = v.answers ->> f.published_version::text,
        draft_answer = v.answers ->> f.saved_version::text, changed_xid = pg_current_xact_id()
      from (
        select flow_id, jsonb_object_agg(version::text, jsonb_build_object(
            'status', definition::json #> '{response,status}', 'body', definition::json #> '{response,body}',
            'ref', case when definition::json #>> '{steps,0,type}' = 'webhook'
              then definition::json #> '{steps,0,ref}' end,
            'strict', coalesce((definition::json ->> 'strict')::boolean, false))) as answers
        from registry.flow_versions where definition::json #>> '{response,mode}' = 'async' group by flow_id
      ) v where v.flow_id = f.flow_id;
    end if;
  end $$`,
];

export class FlowAnswers1763900020001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table gateway.flows drop column answers, drop column live_answer, drop column draft_answer',
    );
  }
}
