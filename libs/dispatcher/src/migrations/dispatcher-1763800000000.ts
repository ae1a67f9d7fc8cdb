import { busTablesSql } from '@sluice/bus';
import { dueTableSql } from '@sluice/due-queue';
import { eventTablesSql } from '@sluice/event-store';
import { tailedIndexSql, TAILED_COLUMNS_SQL } from '@sluice/local-copy';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = [
  `create table dispatcher.endpoints (uuid uuid primary key, app_id uuid not null, state text not null, ${TAILED_COLUMNS_SQL})`,
  tailedIndexSql('dispatcher.endpoints'),
  // (app, source, id) of what producers published, by either door: recorded once.
  `create table dispatcher.event_keys (
    app_id uuid not null, key bytea not null, event_id uuid not null, recorded_at timestamptz not null default now(),
    primary key (app_id, key))`,
];

export class Dispatcher1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      ...eventTablesSql('dispatcher', ['dispatcher.events'], { partitioned: true }),
      ...busTablesSql('dispatcher'),
      ...dueTableSql('dispatcher'),
      ...TABLES,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop schema dispatcher cascade');
  }
}
