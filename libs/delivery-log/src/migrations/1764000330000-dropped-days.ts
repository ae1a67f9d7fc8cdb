import type { MigrationInterface, QueryRunner } from 'typeorm';

/** LG-05: which days of which tables retention has taken away, so that a rebuild does not bring them back. */
export class DroppedDays1764000330000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table delivery_log.dropped_days (
      table_name text not null, first_day int not null, last_day int not null, dropped_at timestamptz not null,
      primary key (table_name, last_day))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table delivery_log.dropped_days');
  }
}
