import type { BusEvent } from '@sluice/bus';
import { timeOfId } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { dayOf } from './log-tables.ts';
import { keptBody } from '../read-model/bulk-write.ts';

/** What a row takes beside its data: header, other columns, its entries in indexes (measured: 380 to 520 bytes). */
const ROW_BYTES = 450;

const APP_BYTES: AlongsideStatement = {
  name: 'delivery_log.app_bytes',
  columns: ['uuid', 'int4', 'int8'],
  sql: (
    arrays,
  ) => `insert into delivery_log.app_bytes as b (app_id, day, bytes) select * from unnest(${arrays.join(', ')})
    on conflict (app_id, day) do update set bytes = b.bytes + excluded.bytes`,
};

/** LG-04: how much an app's rows take, by the day of their partition. */
export function byteWrites(events: readonly BusEvent[]): Alongside[] {
  const bytes = new Map<string, number>();
  for (const { appId, streamId, dataJson, body } of events) {
    if (appId === null) continue;
    const key = `${appId} ${dayOf(timeOfId(streamId))}`;
    const size = ROW_BYTES + dataJson.length + (keptBody(body).body?.length ?? 0);
    bytes.set(key, (bytes.get(key) ?? 0) + size);
  }
  const rows = [...bytes.keys()].sort().map((key) => {
    const [appId = '', day = ''] = key.split(' ');
    return [appId, Number(day), bytes.get(key)];
  });
  return [{ statement: APP_BYTES, rows }];
}
