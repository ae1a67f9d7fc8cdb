import { headClaimSql } from '@sluice/due-queue';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { slotTablesSql } from '../ownership/slot-table.ts';

/** Endpoints have one sender among all dispatchers (slots), and deliveries an order (claims of heads). */
export class Ownership1764000080000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...slotTablesSql(), ...headClaimSql('dispatcher')]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table dispatcher.handovers, dispatcher.slots, dispatcher.members');
    await runner.query(
      'drop function dispatcher.due_claim_head(text[], timestamptz[], bigint[], int[], timestamptz, text, int)',
    );
  }
}
