import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Retention deletes the keys of events that were recorded long ago, by their time. */
export class KeysByTime1764000140001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index event_keys_by_time on dispatcher.event_keys (recorded_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index dispatcher.event_keys_by_time');
  }
}
