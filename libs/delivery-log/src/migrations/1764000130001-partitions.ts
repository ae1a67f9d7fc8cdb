import type { MigrationInterface, QueryRunner } from 'typeorm';

interface Change {
  table: string;
  key: string;
  primaryKey: string;
  indexes: Readonly<Record<string, string>>;
}

/**
 * Nothing is copied: the table that was becomes the partition of all that has no other, and its rows stay where they
 * are. Indexes that are new are built on it; the others are found again by what they are.
 */
const CHANGES: readonly Change[] = [
  {
    table: 'requests',
    key: 'id',
    primaryKey: 'id',
    indexes: {
      requests_by_app: '(app_id, id desc)',
      requests_by_trigger: '(trigger_id, id desc)',
      requests_by_flow: '(flow_id, id desc)',
    },
  },
  {
    table: 'runs',
    key: 'id',
    primaryKey: 'id',
    indexes: {
      runs_by_request: '(request_id) where request_id <> id',
      runs_by_app: '(app_id, id desc)',
      runs_by_flow: '(flow_id, id desc)',
      runs_by_status: "(app_id, status, id desc) where status <> 'succeeded'",
    },
  },
  { table: 'steps', key: 'run_id', primaryKey: 'run_id, version', indexes: {} },
  {
    table: 'domain_events',
    key: 'id',
    primaryKey: 'id',
    indexes: {
      domain_events_by_app: '(app_id, id desc)',
      domain_events_by_type: '(app_id, type, id desc)',
      domain_events_by_run: '(run_id) where run_id is not null',
    },
  },
  {
    table: 'deliveries',
    key: 'id',
    primaryKey: 'id',
    indexes: {
      deliveries_by_event: '(event_id)',
      deliveries_by_endpoint: '(endpoint_id, created_at desc, id desc)',
      deliveries_by_app: '(app_id, created_at desc, id desc)',
      deliveries_by_type: '(app_id, event_type, created_at desc, id desc)',
      deliveries_by_status: "(app_id, status, created_at desc, id desc) where status <> 'succeeded'",
      deliveries_by_code: "(app_id, last_status, created_at desc, id desc) where status <> 'succeeded'",
    },
  },
  { table: 'attempts', key: 'delivery_id', primaryKey: 'delivery_id, number', indexes: {} },
];

/** LG-04: the read models by day of the time that ids carry, so that retention drops whole partitions. */
export class Partitions1764000130001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table delivery_log.deliveries add column last_status int');
    for (const change of CHANGES) await partition(runner, change);
    await runner.query(`create table delivery_log.app_bytes (
      bytes bigint not null, app_id uuid not null, day int not null, primary key (app_id, day)) with (fillfactor = 50)`);
    await runner.query(`create table delivery_log.app_floors (app_id uuid primary key, floor int not null)`);
    await runner.query(`create table delivery_log.endpoint_ids (
      endpoint_uuid uuid primary key, endpoint_id int not null)`);
    await runner.query('create index endpoint_ids_by_id on delivery_log.endpoint_ids (endpoint_id)');
    await runner.query(`insert into delivery_log.endpoint_ids
      select distinct on (endpoint_uuid) endpoint_uuid, endpoint_id from delivery_log.deliveries where endpoint_id > 0
      on conflict do nothing`);
    await runner.query(`create table delivery_log.endpoint_ring (
      like delivery_log.deliveries, attempt_data text[] not null, primary key (endpoint_id, id))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const change of CHANGES) await unpartition(runner, change);
    await runner.query('alter table delivery_log.deliveries drop column last_status');
    await runner.query(
      'drop table delivery_log.app_bytes, delivery_log.app_floors, delivery_log.endpoint_ids, delivery_log.endpoint_ring',
    );
  }
}

async function partition(runner: QueryRunner, { table, key, primaryKey, indexes }: Change): Promise<void> {
  const names = (await runner.query(
    `select indexname as name from pg_indexes where schemaname = 'delivery_log' and tablename = $1`,
    [table],
  )) as { name: string }[];
  for (const { name } of names) {
    await runner.query(`alter index delivery_log.${name} rename to ${name.replace(table, `${table}_late`)}`);
  }
  await runner.query(`alter table delivery_log.${table} rename to ${table}_late`);
  await runner.query(`create table delivery_log.${table} (
    like delivery_log.${table}_late including defaults including constraints, primary key (${primaryKey}))
    partition by range (${key})`);
  for (const [name, columns] of Object.entries(indexes)) {
    await runner.query(`create index ${name} on delivery_log.${table} ${columns}`);
  }
  await runner.query(`alter table delivery_log.${table} attach partition delivery_log.${table}_late default`);
}

/** One table again, with the indexes that this migration found. */
async function unpartition(runner: QueryRunner, { table, primaryKey, indexes }: Change): Promise<void> {
  await runner.query(`alter table delivery_log.${table} rename to ${table}_parts`);
  await runner.query(`create table delivery_log.${table} (like delivery_log.${table}_parts including defaults)`);
  await runner.query(`insert into delivery_log.${table} select * from delivery_log.${table}_parts`);
  await runner.query(`drop table delivery_log.${table}_parts`);
  await runner.query(`alter table delivery_log.${table} add primary key (${primaryKey})`);
  const added = ['requests_by_flow', 'runs_by_flow', 'runs_by_status', 'domain_events_by_type'];
  for (const [name, columns] of Object.entries(indexes)) {
    const isNew = added.includes(name) || /^deliveries_by_(type|status|code)$/.test(name);
    if (!isNew) await runner.query(`create index ${name} on delivery_log.${table} ${columns}`);
  }
}
