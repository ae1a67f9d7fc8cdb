import type { MigrationInterface, QueryRunner } from 'typeorm';

/** LG-03: the search finds what was refused in an app, whatever its trigger. */
export class RejectionsByApp1764000370000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index rejected_requests_by_app on delivery_log.rejected_requests (app_id, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index delivery_log.rejected_requests_by_app');
  }
}
