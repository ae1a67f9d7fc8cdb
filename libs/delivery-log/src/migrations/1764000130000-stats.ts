import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Counters of what happened, by minute (and by hour for whole apps), and totals that never go: what waits is what was
 * planned less what ended. Fixed-width columns first; the counts are updated in place (HOT).
 */
export class Stats1764000130000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table delivery_log.stats (
      bucket timestamptz not null, count bigint not null, app_id uuid not null, subject uuid not null,
      kind smallint not null, step smallint not null, metric smallint not null,
      primary key (app_id, kind, subject, step, bucket, metric)) partition by range (bucket)`);
    await runner.query(
      'create table delivery_log.stats_late partition of delivery_log.stats default with (fillfactor = 70)',
    );
    await runner.query(`create table delivery_log.stat_totals (
      count bigint not null, app_id uuid not null, subject uuid not null, kind smallint not null, metric smallint not null,
      primary key (app_id, kind, subject, metric)) with (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table delivery_log.stats, delivery_log.stat_totals');
  }
}
