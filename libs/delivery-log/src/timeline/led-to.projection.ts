import { isUuid, timeOfId } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { type BulkTable, bulkWrite } from '../read-model/bulk-write.ts';

const LED_TO: BulkTable = {
  table: 'delivery_log.led_to',
  columns: { cause_id: 'uuid', id: 'uuid' },
  onConflict: 'on conflict (cause_id, id) do nothing',
};

/**
 * What has another time in its id than its cause: retries, later runs of a request, events of runs that waited for days.
 * Everything else lies at the millisecond of its cause and is found there, so that hardly anything is written here.
 */
export function ledToWrite(pairs: readonly (readonly [cause: string | null, id: string])[]): Alongside {
  const rows = new Map<string, readonly [string, string]>();
  for (const [cause, id] of pairs) {
    // A request id of an event may be any text of whoever published it.
    if (cause === null || !isUuid(cause) || timeOfId(cause) === timeOfId(id)) continue;
    rows.set(`${cause} ${id}`, [cause, id]);
  }
  return bulkWrite(LED_TO, [...rows.values()]);
}
