import type { MigrationInterface, QueryRunner } from 'typeorm';

/** RG-07: whence each account was signed in to, as hashes, so that strangers' guesses do not keep its owner out. */
export class KnownAddresses1764000030002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table registry.known_addresses (key text primary key, seen_at timestamptz not null)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table registry.known_addresses');
  }
}
