import type { MigrationInterface, QueryRunner } from 'typeorm';

interface Index {
  table: string;
  name: string;
  /** All of them are read from the newest on. */
  columns: readonly string[];
  /** Those at the end that go by time: they were descending. */
  byTime: number;
  where?: string;
}

const TROUBLE = "where status <> 'succeeded'";
const INDEXES: readonly Index[] = [
  { table: 'requests', name: 'requests_by_app', columns: ['app_id', 'id'], byTime: 1 },
  { table: 'requests', name: 'requests_by_trigger', columns: ['trigger_id', 'id'], byTime: 1 },
  { table: 'requests', name: 'requests_by_flow', columns: ['flow_id', 'id'], byTime: 1 },
  { table: 'rejected_requests', name: 'rejected_requests_by_trigger', columns: ['trigger_id', 'id'], byTime: 1 },
  { table: 'runs', name: 'runs_by_app', columns: ['app_id', 'id'], byTime: 1 },
  { table: 'runs', name: 'runs_by_flow', columns: ['flow_id', 'id'], byTime: 1 },
  { table: 'runs', name: 'runs_by_status', columns: ['app_id', 'status', 'id'], byTime: 1, where: TROUBLE },
  { table: 'domain_events', name: 'domain_events_by_app', columns: ['app_id', 'id'], byTime: 1 },
  { table: 'domain_events', name: 'domain_events_by_type', columns: ['app_id', 'type', 'id'], byTime: 1 },
  ...Object.entries({
    endpoint: ['endpoint_id'],
    app: ['app_id'],
    type: ['app_id', 'event_type'],
    status: ['app_id', 'status'],
    code: ['app_id', 'last_status'],
  }).map(([what, columns]) => ({
    table: 'deliveries',
    name: `deliveries_by_${what}`,
    columns: [...columns, 'created_at', 'id'],
    byTime: 2,
    ...(what === 'status' || what === 'code' ? { where: TROUBLE } : {}),
  })),
];

/**
 * Lists are read from the newest on, which an ascending index gives as well, read backwards. Where new entries come at its
 * end, PostgreSQL leaves full pages behind; before what is there it splits each page in halves and writes one of them to
 * the WAL (decision 0470).
 */
export class AscendingIndexes1764000390000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const index of INDEXES) await make(runner, index, '');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of INDEXES) await make(runner, index, ' desc');
  }
}

async function make(runner: QueryRunner, index: Index, order: '' | ' desc'): Promise<void> {
  const { table, name, columns, byTime, where = '' } = index;
  const first = columns.length - byTime;
  const list = columns.map((column, place) => (place < first ? column : `${column}${order}`)).join(', ');
  await runner.query(`drop index delivery_log.${name}`);
  await runner.query(`create index ${name} on delivery_log.${table} (${list}) ${where}`);
}
