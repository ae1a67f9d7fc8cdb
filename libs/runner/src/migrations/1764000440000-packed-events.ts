import { PACKING_COLUMNS } from '@sluice/event-store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a run appends together is one row (decision 0500). Rows there already stay as they are: each holds one event. */
export class PackedEvents1764000440000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const column of PACKING_COLUMNS)
      await runner.query(`alter table runner.events add column if not exists ${column}`);
  }

  /** @throws when rows of several events are there, which nothing could read any more. */
  async down(runner: QueryRunner): Promise<void> {
    const [packed] = (await runner.query('select 1 from runner.events where events is not null limit 1')) as unknown[];
    if (packed) throw new Error('runner.events has rows of several events, which the version before cannot read');
    await runner.query('alter table runner.events drop column events, drop column heads');
  }
}
