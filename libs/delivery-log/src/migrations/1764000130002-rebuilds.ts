import type { MigrationInterface, QueryRunner } from 'typeorm';

/** LG-05: read models that are built again, one at a time, with how far each has come. */
export class Rebuilds1764000130002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table delivery_log.rebuilds (
      id uuid primary key, projection text not null, state text not null, positions text not null, events bigint not null default 0,
      owner text, renewed_at timestamptz, started_at timestamptz not null, finished_at timestamptz, error text)`);
    await runner.query(`create unique index rebuilds_running on delivery_log.rebuilds (state) where state = 'running'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop schema if exists delivery_log_rebuild cascade');
    await runner.query('drop table delivery_log.rebuilds');
  }
}
