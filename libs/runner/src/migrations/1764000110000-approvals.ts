import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What waits for a person, a row each while it waits, so that nobody has to read the streams of all waiting runs; and
 * which runs are retries of which. Both cost a run nothing that is neither.
 */
const STATEMENTS = [
  `create table runner.open_approvals (
    id uuid primary key, app_id uuid not null, run_id uuid not null, key text not null, flow_id uuid not null,
    asked text not null, asked_at timestamptz not null, until timestamptz not null)`,
  'create index open_approvals_of_app on runner.open_approvals (app_id, id)',
  'create index open_approvals_of_run on runner.open_approvals (run_id)',
  'alter table runner.runs add column retry_of uuid',
  'create index runs_that_retry on runner.runs (retry_of, id) where retry_of is not null',
];

export class Approvals1764000110000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table runner.runs drop column retry_of');
    await runner.query('drop table runner.open_approvals');
  }
}
