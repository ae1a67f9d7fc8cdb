import type { MigrationInterface, QueryRunner } from 'typeorm';

/** LG-05: that a rebuild shall end; whoever works at it takes its tables away. */
export class CancelledRebuilds1764000250002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table delivery_log.rebuilds add column cancel_asked boolean not null default false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table delivery_log.rebuilds drop column cancel_asked');
  }
}
