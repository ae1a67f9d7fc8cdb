import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Retention deletes what was published long ago, by its time. */
export class PublishedByTime1764000140000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index published_events_by_time on gateway.published_events (accepted_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index gateway.published_events_by_time');
  }
}
