import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Flows whose runs are limited have several heads: each is a slot of its scope. A run may hold one of its flow and one of its app. */
export class Slots1764000050002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table runner.ordering_heads add column scope text, add column slot int');
    await runner.query('alter table runner.ordering_heads drop constraint ordering_heads_run_id_key');
    await runner.query('create index ordering_heads_of_run on runner.ordering_heads (run_id)');
    await runner.query('create index ordering_heads_of_scope on runner.ordering_heads (scope) where scope is not null');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index runner.ordering_heads_of_run, runner.ordering_heads_of_scope');
    await runner.query('alter table runner.ordering_heads drop column scope, drop column slot, add unique (run_id)');
  }
}
