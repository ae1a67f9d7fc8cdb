import type { MigrationInterface, QueryRunner } from 'typeorm';

/** GW-11: a request that is handed on to endpoints starts no flow. */
export class RequestsWithoutFlow1764000070005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table delivery_log.requests alter column flow_id drop not null');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('delete from delivery_log.requests where flow_id is null');
    await runner.query('alter table delivery_log.requests alter column flow_id set not null');
  }
}
