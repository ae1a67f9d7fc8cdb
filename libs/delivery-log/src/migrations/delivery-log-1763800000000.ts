import { busTablesSql } from '@sluice/bus';
import { schemaOf } from '@sluice/contracts';
import { eventTablesSql } from '@sluice/event-store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const SCHEMA = schemaOf('delivery-log');

/**
 * Read models only: each can be dropped and rebuilt from events. No foreign keys, because the topics arrive in any
 * order relative to each other. Indexed columns are never updated, so that updates stay HOT.
 */
const TABLES = [
  `create table ${SCHEMA}.requests (
    id uuid primary key, app_id uuid not null, trigger_id uuid not null, flow_id uuid not null,
    received_at timestamptz not null, data text not null, body bytea, body_truncated boolean not null default false,
    trace_id text)`,
  `create index requests_by_app on ${SCHEMA}.requests (app_id, id desc)`,
  `create index requests_by_trigger on ${SCHEMA}.requests (trigger_id, id desc)`,
  `create table ${SCHEMA}.runs (
    id uuid primary key, app_id uuid not null, number bigint, flow_id uuid, flow_version int, trigger_id uuid,
    request_id uuid, status text not null default 'running', queued_at timestamptz, started_at timestamptz,
    finished_at timestamptz, result text, error text) with (fillfactor = 70)`,
  `create index runs_by_request on ${SCHEMA}.runs (request_id) where request_id <> id`,
  `create index runs_by_app on ${SCHEMA}.runs (app_id, id desc)`,
  `create table ${SCHEMA}.steps (
    run_id uuid not null, version int not null, kind text not null, ref text not null, data text not null,
    primary key (run_id, version))`,
  `create table ${SCHEMA}.domain_events (
    id uuid primary key, app_id uuid not null, type text not null, run_id uuid, request_id uuid,
    recorded_at timestamptz not null, data text not null)`,
  `create index domain_events_by_app on ${SCHEMA}.domain_events (app_id, id desc)`,
  `create index domain_events_by_run on ${SCHEMA}.domain_events (run_id) where run_id is not null`,
  `create table ${SCHEMA}.deliveries (
    id uuid primary key, app_id uuid not null, event_id uuid not null, event_type text not null, endpoint_id int not null,
    endpoint_uuid uuid not null, endpoint_name text, run_id uuid, status text not null, attempts int not null default 0,
    created_at timestamptz not null, next_attempt_at timestamptz, reason text) with (fillfactor = 70)`,
  `create index deliveries_by_event on ${SCHEMA}.deliveries (event_id)`,
  `create index deliveries_by_endpoint on ${SCHEMA}.deliveries (endpoint_id, created_at desc, id desc)`,
  `create index deliveries_by_app on ${SCHEMA}.deliveries (app_id, created_at desc, id desc)`,
  `create table ${SCHEMA}.attempts (
    delivery_id uuid not null, number int not null, at timestamptz not null, data text not null,
    primary key (delivery_id, number))`,
  `create table ${SCHEMA}.dead_letter_list (
    id uuid primary key, service text not null, consumer_group text not null, topic text not null, stream_id uuid not null,
    version int not null, type text not null, reason text not null, error text, app_id uuid, status text not null,
    parked_at timestamptz not null, ended_at timestamptz)`,
];

export class DeliveryLog1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      ...eventTablesSql('delivery-log', ['delivery-log.events'], { partitioned: true }),
      ...busTablesSql(SCHEMA),
      ...TABLES,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop schema ${SCHEMA} cascade`);
  }
}
