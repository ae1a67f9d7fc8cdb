import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose an endpoint is, and the links of the customer portal. */
const STATEMENTS = [
  'alter table registry.endpoints add column customer text',
  `create index endpoints_of_customer on registry.endpoints (app_id, customer, id desc)
    where customer is not null and not deleted`,
  `create table registry.portal_links (
    id uuid primary key, app_id uuid not null, state text not null, expires_at timestamptz not null,
    revoked boolean not null)`,
  'create index portal_links_of_app on registry.portal_links (app_id, id desc) where not revoked',
  'create index portal_links_by_end on registry.portal_links (expires_at)',
];

export class Portal1764000140002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table registry.portal_links');
    await runner.query('alter table registry.endpoints drop column customer');
  }
}
