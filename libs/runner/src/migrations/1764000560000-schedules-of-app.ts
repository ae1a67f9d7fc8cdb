import type { MigrationInterface, QueryRunner } from 'typeorm';

/** `GET /v1/schedules` reads those of one app. */
export class SchedulesOfApp1764000560000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index schedules_of_app on runner.schedules (app_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index runner.schedules_of_app');
  }
}
