import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLE = 'delivery_log.rejected_requests';

/** LG-04: records of rejected requests live in partitions by day as well; what is there becomes the partition of the late. */
export class RejectionsByDay1764000250001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table ${TABLE} rename to rejected_requests_late`);
    await runner.query('alter index delivery_log.rejected_requests_pkey rename to rejected_requests_late_pkey');
    await runner.query(
      'alter index delivery_log.rejected_requests_by_trigger rename to rejected_requests_late_by_trigger',
    );
    await runner.query(`create table ${TABLE} (
      like delivery_log.rejected_requests_late including defaults including constraints, primary key (id))
      partition by range (id)`);
    await runner.query(`create index rejected_requests_by_trigger on ${TABLE} (trigger_id, id desc)`);
    await runner.query(`alter table ${TABLE} attach partition delivery_log.rejected_requests_late default`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table ${TABLE} rename to rejected_requests_parts`);
    await runner.query(`create table ${TABLE} (like delivery_log.rejected_requests_parts including defaults)`);
    await runner.query(`insert into ${TABLE} select * from delivery_log.rejected_requests_parts`);
    await runner.query('drop table delivery_log.rejected_requests_parts');
    await runner.query(`alter table ${TABLE} add primary key (id)`);
    await runner.query(`create index rejected_requests_by_trigger on ${TABLE} (trigger_id, id desc)`);
  }
}
