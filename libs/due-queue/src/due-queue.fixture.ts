import type { Alongside } from '@sluice/event-store';
import type { ClientBase, Pool } from 'pg';
import { type DueItem, DueQueue, type DueQueueOptions } from './due-queue.ts';
import { dueTableSql } from './due-table.ts';

/** What the event store does with an alongside, as one statement of its own: these tests need no events. */
export async function commitAlone(client: ClientBase | Pool, alongside: Alongside): Promise<void> {
  const { statement, rows } = alongside;
  const arrays = statement.columns.map((type, column) => `$${column + 1}::${type}[]`);
  await client.query(
    statement.sql(arrays),
    statement.columns.map((_, column) => rows.map((row) => row[column])),
  );
}

export async function makeDueTable(pool: Pool): Promise<void> {
  await pool.query('create schema work');
  for (const statement of dueTableSql('work')) await pool.query(statement);
}

export function queueOf(pool: Pool, owner: string, options: Partial<DueQueueOptions> = {}): DueQueue {
  return new DueQueue({ pool, schema: 'work', owner, sweepMs: 50, ...options });
}

export function itemOf(number: number, key: string, dueAt: Date = new Date()): DueItem {
  return { id: `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`, key, dueAt, payload: { number } };
}
