import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Runs that wait for their turn, and the one run of each key that executes. The primary key of the heads is what keeps
 * two runs of one key from executing at the same time, whoever starts them.
 */
const TABLES = [
  `create table runner.ordered_runs (
    number bigint generated always as identity, run_id uuid primary key, ordering_key text not null,
    bytes int not null, pending text not null) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)`,
  'create index ordered_runs_by_key on runner.ordered_runs (ordering_key, number)',
  `create table runner.ordering_heads (ordering_key text primary key, run_id uuid not null unique)
    with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)`,
];

export class Ordering1763900050000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table runner.ordered_runs, runner.ordering_heads');
  }
}
