import { busTablesSql } from '@sluice/bus';
import { dueTableSql } from '@sluice/due-queue';
import { eventTablesSql } from '@sluice/event-store';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { registryCopyTablesSql } from '../flows/registry-copy-tables.ts';
import { RUN_NUMBER_BLOCK } from '../starting/run-numbers.ts';

/**
 * The list of runs. A run's id carries its time, so newest first is the order of the primary key; everything else that
 * is shown of a run comes from its stream. No index holds the status: finishing a run stays a HOT update.
 */
const RUNS = [
  `create table runner.runs (
    app_id uuid not null, id uuid not null, number bigint not null, flow_id uuid not null, flow_version int not null,
    trigger_id uuid, mode text not null, status text not null, error text, queued_at timestamptz not null,
    started_at timestamptz not null, finished_at timestamptz, primary key (app_id, id)) with (fillfactor = 90)`,
  'create index runs_of_flow on runner.runs (flow_id, id)',
  `create sequence runner.run_numbers increment by ${RUN_NUMBER_BLOCK}`,
];

export class Runner1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      ...eventTablesSql('runner', ['runner.events', 'runner.answers'], { partitioned: true }),
      ...busTablesSql('runner'),
      ...dueTableSql('runner'),
      ...registryCopyTablesSql(),
      ...RUNS,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** Events are never thrown away by a migration. */
  down(): Promise<void> {
    return Promise.reject(new Error('the runner cannot be migrated below its first version'));
  }
}
