import type { MigrationInterface, QueryRunner } from 'typeorm';

/** ET-09: which long bodies of attempts are kept in libs/payloads, so that those outside of the ring can be taken away. */
export class WholeBodies1764000120000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table delivery_log.whole_bodies (
      payload_id uuid primary key, endpoint_uuid uuid not null, delivery_id uuid not null, at timestamptz not null,
      recorded_at timestamptz not null default now())`);
    await runner.query('create index whole_bodies_of_endpoint on delivery_log.whole_bodies (endpoint_uuid, at)');
    await runner.query('create index whole_bodies_recorded on delivery_log.whole_bodies (recorded_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table delivery_log.whole_bodies');
  }
}
