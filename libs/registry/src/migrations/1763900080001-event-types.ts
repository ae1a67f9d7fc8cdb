import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The catalogue of event types (RG-05): the present state by name, and every schema that a type has had. */
export class EventTypes1763900080001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table registry.event_types (
      id uuid primary key, app_id uuid not null, name text collate "C" not null, state text not null,
      stream_version int not null, deleted boolean not null, unique (app_id, name))`);
    await runner.query(`create table registry.event_type_versions (
      event_type_id uuid not null, version int not null, schema text not null, saved_at timestamptz not null,
      saved_by text not null, primary key (event_type_id, version))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table registry.event_type_versions');
    await runner.query('drop table registry.event_types');
  }
}
