import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * LN-01: the listener names of flows, by which webhooks find theirs. What was copied before is completed from the
 * registry's view of versions; where there is no registry yet, nothing was copied either.
 */
const STATEMENTS = [
  'alter table gateway.triggers alter column flow_id drop not null',
  'alter table gateway.flows add column app_id text, add column listener text',
  `do $$ begin
    if to_regclass('registry.flow_versions') is not null then
      update gateway.flows f set app_id = v.state ->> 'appId', listener = v.state ->> 'listener',
        changed_xid = pg_current_xact_id()
      from (select distinct on (flow_id) flow_id, state::json as state from registry.flow_versions) v
      where v.flow_id = f.flow_id;
    end if;
  end $$`,
];

export class ListenerNames1764000020001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  /** Webhooks that name a listener have no flow to fall back on. */
  down(): Promise<void> {
    return Promise.reject(new Error('the gateway cannot be migrated back'));
  }
}
