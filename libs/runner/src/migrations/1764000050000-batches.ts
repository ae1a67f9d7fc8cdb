import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Retries and cancels of many runs; how far each has come, so that whoever goes on with one knows. */
const TABLES = [
  `create table runner.batches (
    id uuid primary key, app_id uuid not null, kind text not null, status text not null, query text not null,
    wish text not null, meta text not null, total int not null, done int not null, skipped int not null,
    reasons text not null, cursor uuid, created_at timestamptz not null, finished_at timestamptz)`,
  'create index batches_of_app on runner.batches (app_id, id)',
];

export class Batches1764000050000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table runner.batches');
  }
}
