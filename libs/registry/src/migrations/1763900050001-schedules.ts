import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = [
  `create table registry.schedules (
    id uuid primary key, app_id uuid not null, flow_id uuid not null, state text not null, stream_version int not null,
    deleted boolean not null)`,
  'create index schedules_of_app on registry.schedules (app_id, id) where not deleted',
  'create index schedules_of_flow on registry.schedules (flow_id) where not deleted',
];

/** Listeners that are run at times. */
export class Schedules1763900050001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table registry.schedules');
  }
}
