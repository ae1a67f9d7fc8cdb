import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Without it `?triggerId=` of a rarely used trigger reads all runs of its app. */
export class RunsOfTrigger1764000210000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index runs_of_trigger on runner.runs (trigger_id, id) where trigger_id is not null');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index runner.runs_of_trigger');
  }
}
