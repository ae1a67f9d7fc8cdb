import type { MigrationInterface, QueryRunner } from 'typeorm';
import { IDEMPOTENCY_TABLE_SQL } from '../idempotency/idempotency-keys.ts';

export class IdempotencyKeys1763900040002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of IDEMPOTENCY_TABLE_SQL) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table gateway.idempotency_keys');
  }
}
