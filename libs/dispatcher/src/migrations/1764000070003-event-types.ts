import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The catalogue's types, for the samples of tests. */
export class EventTypes1764000070003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'create table dispatcher.event_types (app_id uuid not null, name text not null, schema text, primary key (app_id, name))',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table dispatcher.event_types');
  }
}
