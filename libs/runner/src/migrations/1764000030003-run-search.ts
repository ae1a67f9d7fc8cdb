import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What lists of runs are searched by. None of it costs a started run much: `correlation_id` is null for the run that a
 * request starts, whose id it is; errors are of few; numbers come in the order of the rows, which is all that BRIN needs.
 */
const STATEMENTS = [
  'alter table runner.runs add column correlation_id uuid',
  'create index runs_of_cause on runner.runs (correlation_id, id) where correlation_id is not null',
  'create index runs_with_error on runner.runs (app_id, id) where error is not null',
  'create index runs_by_number on runner.runs using brin (number)',
  // A key begins with the id of its app.
  'create index ordered_runs_of_app on runner.ordered_runs ("left"(ordering_key, 36), run_id)',
];

export class RunSearch1764000030003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index runner.ordered_runs_of_app, runner.runs_by_number, runner.runs_with_error');
    await runner.query('alter table runner.runs drop column correlation_id');
  }
}
