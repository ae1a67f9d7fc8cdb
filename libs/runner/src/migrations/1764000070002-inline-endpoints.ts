import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom `call_webhook` calls: the inline endpoints, by their name in the app. */
const TABLE = `create table runner.inline_endpoints (
  uuid uuid primary key, id int not null, app_id uuid not null, name text not null, state text not null,
  stream_version int not null, deleted boolean not null)`;

export class InlineEndpoints1764000070002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLE);
    await runner.query('create index inline_endpoints_of_app on runner.inline_endpoints (app_id, name)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table runner.inline_endpoints');
  }
}
