import type { BusEvent } from '@sluice/bus';
import type { RequestCaptured } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { type BulkTable, bulkWrite } from '../read-model/bulk-write.ts';

/** Samples that are kept of a trigger. */
export const KEPT_SAMPLES = 20;

const SAMPLES: BulkTable = {
  table: 'delivery_log.samples',
  columns: { id: 'uuid', app_id: 'uuid', trigger_id: 'uuid', captured_at: 'timestamptz', data: 'text', body: 'bytea' },
  onConflict: 'on conflict (id) do nothing',
};

/** A sample is called by its capture, so that whoever armed the trigger knows what to ask for. */
function rowOf(event: BusEvent): unknown[] {
  const { captureId, triggerId, receivedAt } = event.data as RequestCaptured;
  return [captureId, event.appId, triggerId, receivedAt, event.dataJson, event.body];
}

/** What a batch writes is not seen by what it deletes, so a few more than these are kept until the next sample. */
const PRUNE: AlongsideStatement = {
  name: 'delivery_log.samples_pruned',
  columns: ['uuid'],
  sql: ([triggerIds]) => `delete from delivery_log.samples where id in (
    select id from (
      select id, row_number() over (partition by trigger_id order by captured_at desc, id desc) as place
      from delivery_log.samples where trigger_id = any(${triggerIds})) as s
    where place > ${KEPT_SAMPLES})`,
};

export function sampleWrites(events: readonly BusEvent[]): Alongside[] {
  const captured = events.filter((event) => event.type === 'RequestCaptured');
  const triggerIds = [...new Set(captured.map((event) => (event.data as RequestCaptured).triggerId))].sort();
  return [bulkWrite(SAMPLES, captured.map(rowOf)), { statement: PRUNE, rows: triggerIds.map((id) => [id]) }];
}
