import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which of an app's runs begin first when the app has no room for all of them: 0 is priority 9, 9 is priority 0. */
const STATEMENTS = [
  'alter table runner.ordered_runs add column rank smallint not null default 4',
  // A key begins with the id of its app.
  'create index ordered_runs_turns on runner.ordered_runs ("left"(ordering_key, 36), rank, ordering_key)',
];

export class Turns1764000150000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index runner.ordered_runs_turns');
    await runner.query('alter table runner.ordered_runs drop column rank');
  }
}
