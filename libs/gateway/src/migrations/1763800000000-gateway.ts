import { busTablesSql } from '@sluice/bus';
import { eventTablesSql } from '@sluice/event-store';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { PUBLISHED_TABLE_SQL } from '../publish/event-publisher.ts';
import { routingTablesSql } from '../routing/routing-tables.ts';

export class Gateway1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      ...eventTablesSql('gateway', ['gateway.events'], { partitioned: true }),
      ...busTablesSql('gateway'),
      ...routingTablesSql(),
      PUBLISHED_TABLE_SQL,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop schema gateway cascade');
  }
}
