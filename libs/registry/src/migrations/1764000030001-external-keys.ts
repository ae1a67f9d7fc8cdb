import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = ['flow', 'trigger', 'endpoint'] as const;

/** RG-08: what others call a resource, so that an import finds it again after its name has changed. */
export class ExternalKeys1764000030001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const name of TABLES) {
      await runner.query(`alter table registry.${name}s add column external_key text collate "C"`);
      await runner.query(`create unique index ${name}_external_key on registry.${name}s (app_id, external_key)
        where external_key is not null and not deleted`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of TABLES) await runner.query(`alter table registry.${name}s drop column external_key`);
  }
}
