import type { MigrationInterface, QueryRunner } from 'typeorm';
import { replayTableSql } from '../replaying/replay.ts';

/** Replays of events, and how far they are. */
export class Replays1764000080001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of replayTableSql()) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table dispatcher.replays');
  }
}
