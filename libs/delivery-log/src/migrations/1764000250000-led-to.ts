import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first 48 bits of an id: its time. */
const time = (column: string): string => `left(${column}::text, 13)`;

/**
 * LG-01: a timeline finds its rows by the time that ids carry, in one partition of each table. What has another time than
 * its cause is written down; three indexes that were there to find it in all partitions are gone.
 */
export class LedTo1764000250000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table delivery_log.led_to (
      cause_id uuid not null, id uuid not null, primary key (cause_id, id)) partition by range (cause_id)`);
    await runner.query('create table delivery_log.led_to_late partition of delivery_log.led_to default');
    await runner.query(`insert into delivery_log.led_to select request_id, id from delivery_log.runs
      where request_id <> id and ${time('request_id')} <> ${time('id')} on conflict do nothing`);
    await runner.query(`insert into delivery_log.led_to select coalesce(run_id, request_id), id from delivery_log.domain_events
      where ${time('coalesce(run_id, request_id)')} <> ${time('id')} on conflict do nothing`);
    await runner.query('alter table delivery_log.runs add column trace_id uuid');
    for (const index of ['runs_by_request', 'domain_events_by_run', 'deliveries_by_event']) {
      await runner.query(`drop index delivery_log.${index}`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('create index runs_by_request on delivery_log.runs (request_id) where request_id <> id');
    await runner.query(
      'create index domain_events_by_run on delivery_log.domain_events (run_id) where run_id is not null',
    );
    await runner.query('create index deliveries_by_event on delivery_log.deliveries (event_id)');
    await runner.query('alter table delivery_log.runs drop column trace_id');
    await runner.query('drop table delivery_log.led_to');
  }
}
