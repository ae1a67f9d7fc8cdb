import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests that were captured instead of run (GW-01), with their whole body; the newest of each trigger are kept. */
export class Samples1763900060001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table delivery_log.samples (
      id uuid primary key, app_id uuid not null, trigger_id uuid not null, captured_at timestamptz not null,
      data text not null, body bytea)`);
    await runner.query(
      'create index samples_by_trigger on delivery_log.samples (trigger_id, captured_at desc, id desc)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table delivery_log.samples');
  }
}
