import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  'create sequence registry.user_numbers as int',
  // `administers`: may everything in all apps, so that the last such user can be kept.
  `create table registry.users (
    id uuid primary key, number int not null unique, email text not null, password text not null,
    generation int not null, administers boolean not null, state text not null, stream_version int not null,
    deleted boolean not null)`,
  'create unique index user_email on registry.users (email) where not deleted',
  'create index users_newest on registry.users (number desc) where not deleted',
  'create index tokens_of_user on registry.tokens (user_id) where not revoked',
  `create table registry.sign_in_attempts (
    key text primary key, count int not null, ends_at timestamptz not null)`,
];

/** Users with their passwords' hashes, and how often signing in was tried. */
export class Users1763900070001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  /** Events are never thrown away by a migration. */
  down(): Promise<void> {
    return Promise.reject(new Error('users and their passwords are not thrown away by a migration'));
  }
}
