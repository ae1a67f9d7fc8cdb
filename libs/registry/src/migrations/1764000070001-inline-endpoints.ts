import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The name of an inline endpoint, by which flows call it (LU-04): one of its app; null for the others. */
export class InlineEndpoints1764000070001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table registry.endpoints add column inline_name text');
    await runner.query(
      `create unique index inline_endpoint_name on registry.endpoints (app_id, inline_name)
       where inline_name is not null and not deleted`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table registry.endpoints drop column inline_name');
  }
}
