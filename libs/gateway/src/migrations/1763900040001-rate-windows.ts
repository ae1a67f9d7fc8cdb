import type { MigrationInterface, QueryRunner } from 'typeorm';
import { RATE_WINDOWS_TABLE_SQL } from '../limits/rate-windows-table.ts';

export class RateWindows1763900040001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of RATE_WINDOWS_TABLE_SQL) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table gateway.rate_windows');
  }
}
