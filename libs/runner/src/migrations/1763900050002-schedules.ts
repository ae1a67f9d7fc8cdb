import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is run at times; when it comes next stands in the due-queue, in a row with the schedule's id. */
const TABLES = [
  `create table runner.schedules (
    id uuid primary key, app_id uuid not null, flow_id uuid not null, listener boolean not null, cron text not null,
    time_zone text not null, data text not null)`,
  'create index schedules_of_flow on runner.schedules (flow_id)',
];

export class Schedules1763900050002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table runner.schedules');
  }
}
