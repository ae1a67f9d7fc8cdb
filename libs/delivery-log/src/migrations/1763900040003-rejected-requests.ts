import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests that were refused although their trigger exists: a sample, written by the gateway (GW-08). */
export class RejectedRequests1763900040003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table delivery_log.rejected_requests (
      id uuid primary key, app_id uuid not null, trigger_id uuid not null, received_at timestamptz not null,
      data text not null)`);
    await runner.query(
      'create index rejected_requests_by_trigger on delivery_log.rejected_requests (trigger_id, id desc)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table delivery_log.rejected_requests');
  }
}
