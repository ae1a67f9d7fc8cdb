import type { BusEvent } from '@sluice/bus';
import type { AttemptFinished } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { type BulkTable, bulkWrite } from '../read-model/bulk-write.ts';

const WHOLE_BODIES: BulkTable = {
  table: 'delivery_log.whole_bodies',
  columns: { payload_id: 'uuid', endpoint_uuid: 'uuid', delivery_id: 'uuid', at: 'timestamptz' },
  onConflict: 'on conflict (payload_id) do nothing',
};

/** ET-09: the long bodies that attempts left in libs/payloads. */
export function wholeBodyWrites(attempts: readonly BusEvent[]): Alongside[] {
  const rows = attempts.flatMap((event) => {
    const { request, response, endpointUuid, deliveryId, at } = event.data as AttemptFinished;
    const ids = [request.payloadId, response?.payloadId].filter((id) => id !== undefined);
    return ids.map((id) => [id, endpointUuid, deliveryId, at]);
  });
  return rows.length === 0 ? [] : [bulkWrite(WHOLE_BODIES, rows)];
}
