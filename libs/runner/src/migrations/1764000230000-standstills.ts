import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The runs that cannot end before a run that waits for a place, with commas; only runs that others wait for have them. */
export class Standstills1764000230000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table runner.ordered_runs add column above text');
    await runner.query('create index ordered_runs_above on runner.ordered_runs (number) where above is not null');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index runner.ordered_runs_above');
    await runner.query('alter table runner.ordered_runs drop column above');
  }
}
