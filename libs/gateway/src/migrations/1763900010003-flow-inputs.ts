import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The declared inputs of each version of a flow (LT-07), beside its response mode. What was copied before is completed
 * from the registry's view of versions, which never change; where there is no registry yet, nothing was copied either.
 */
const STATEMENTS = [
  `alter table gateway.flows add column inputs jsonb not null default '{}',
    add column live_inputs text, add column draft_inputs text`,
  `do $$ begin
    if to_regclass('registry.flow_versions') is not null then
      update gateway.flows f set inputs = v.inputs, live_inputs = v.inputs ->> f.published_version::text,
        draft_inputs = v.inputs ->> f.saved_version::text, changed_xid = pg_current_xact_id()
      from (
        select flow_id, jsonb_object_agg(version::text, (definition::json -> 'inputs')::jsonb) as inputs
        from registry.flow_versions where definition::json -> 'inputs' is not null group by flow_id
      ) v where v.flow_id = f.flow_id;
    end if;
  end $$`,
];

export class FlowInputs1763900010003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table gateway.flows drop column inputs, drop column live_inputs, drop column draft_inputs',
    );
  }
}
