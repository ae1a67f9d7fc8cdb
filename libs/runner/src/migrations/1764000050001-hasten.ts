import { hastenSql } from '@sluice/due-queue';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a run waits for may come before its time. */
export class Hasten1764000050001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of hastenSql('runner')) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function runner.due_hasten(uuid, timestamptz)');
  }
}
