import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The number of the attempt that began the last round which a person asked for: it tells one that revives a discarded
 * delivery from one that was on its way while it was discarded.
 */
export class RoundsOfDeliveries1764000560001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table delivery_log.deliveries add column begun_again int4');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table delivery_log.deliveries drop column begun_again');
  }
}
