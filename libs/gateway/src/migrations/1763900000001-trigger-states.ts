import type { MigrationInterface, QueryRunner } from 'typeorm';

const OLD_COLUMNS = ['app_id', 'methods', 'auth', 'token_hashes', 'enabled', 'props'];

/** One column for all of a trigger's state, so that a new setting of triggers needs no column of its own. */
const STATEMENTS = [
  'alter table gateway.triggers add column state text',
  `update gateway.triggers set state = json_build_object(
    'id', trigger_id, 'number', 0, 'appId', app_id, 'flowId', flow_id, 'name', '', 'profile', profile,
    'methods', methods::json, 'auth', auth::json, 'props', props::json, 'enabled', enabled,
    'tokens', (select coalesce(json_agg(json_build_object('sha256', hash)), '[]')
      from json_array_elements_text(token_hashes::json) as hash)),
    changed_xid = pg_current_xact_id()`,
  'alter table gateway.triggers alter column state set not null',
  `alter table gateway.triggers ${OLD_COLUMNS.map((name) => `drop column ${name}`).join(', ')}`,
];

export class TriggerStates1763900000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  /** Events are never thrown away by a migration, and this table is made of them. */
  down(): Promise<void> {
    return Promise.reject(new Error('the routing tables cannot be migrated back'));
  }
}
