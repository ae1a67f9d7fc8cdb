import { newId, type RequestCaptured } from '@sluice/contracts';
import type { StoredEvent } from '@sluice/event-store';
import { Payloads, payloadTablesSql } from '@sluice/payloads';
import { loadSettings, migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { eventOf } from '../example-events.fixture.ts';
import { oneStatement } from '../read-model/one-statement.ts';
import { SampleWatch } from './sample-watch.ts';
import { KEPT_SAMPLES, sampleWrites } from './samples.projection.ts';
import { SamplesQueries } from './samples.query.ts';

let database: TestDatabase;
let queries: SamplesQueries;
const appId = newId();

beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
  for (const statement of payloadTablesSql()) await database.pool.query(statement);
  queries = new SamplesQueries(database.pool, loadSettings({}));
});
afterAll(() => database.drop());

async function write(...events: StoredEvent[]): Promise<void> {
  const query = oneStatement(sampleWrites(events));
  if (query) await database.pool.query(query);
}

function captured(triggerId: string, n: number, body: string, change: Partial<RequestCaptured> = {}): StoredEvent {
  const data: RequestCaptured = {
    captureId: newId(),
    triggerId,
    flowId: newId(),
    profile: 'native',
    method: 'POST',
    query: { q: '1' },
    headers: { 'x-n': String(n) },
    contentType: 'application/json',
    bodySize: Buffer.byteLength(body),
    bodySha256: '00',
    bodyPayloadId: null,
    remoteAddress: '198.51.100.1',
    receivedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString(),
    ...change,
  };
  return eventOf('gateway.events', newId(), 1, 'RequestCaptured', appId, data, Buffer.from(body));
}
const idOf = (event: StoredEvent): string => (event.data as RequestCaptured).captureId;

describe('GW-01: captured samples', () => {
  it('show what came and what a flow would see of it, by the rules of the trigger’s profile', async () => {
    const triggerId = newId();
    const xml = captured(triggerId, 1, '<a>1</a>', { contentType: 'text/xml' });
    const list = captured(triggerId, 2, '[1]', { profile: 'flow' });
    const broken = captured(triggerId, 3, '{"a');
    await write(xml, list, broken);
    await write(list);
    const [third, second, first] = await queries.list(appId, triggerId);
    expect(first).toMatchObject({ id: idOf(xml), body: '<a>1</a>', value: { a: '1' }, problem: null });
    expect(second).toMatchObject({ id: idOf(list), value: { _json: [1] }, query: { q: '1' }, headers: { 'x-n': '2' } });
    expect(third).toMatchObject({ body: '{"a', value: null, problem: { code: 'malformed_json' } });
    expect(await queries.list(newId(), triggerId)).toEqual([]);
    expect(await queries.list(appId, triggerId, idOf(xml))).toEqual([first]);
  });

  it('large bodies are read from where they were put, or said to be gone', async () => {
    const triggerId = newId();
    const text = JSON.stringify('x'.repeat(300_000));
    const bodyPayloadId = await new Payloads(database.pool).put(Buffer.from(text));
    const gone = captured(triggerId, 1, text, { bodyPayloadId: newId() });
    await write(gone, captured(triggerId, 2, text, { bodyPayloadId }));
    const [kept, lost] = await queries.list(appId, triggerId);
    expect([kept?.body === text, lost?.problem?.code]).toEqual([true, 'body_missing']);
  });

  it('the newest 20 of each trigger are kept', async () => {
    const [triggerId, other] = [newId(), newId()];
    await write(captured(other, 0, '{}'));
    const events = Array.from({ length: KEPT_SAMPLES + 5 }, (_, n) => captured(triggerId, n, '{}'));
    await write(...events.slice(0, 10));
    await write(...events.slice(10));
    const ids = (await queries.list(appId, triggerId)).map((sample) => sample.id);
    expect(ids).toEqual(events.slice(5).map(idOf).reverse());
    expect(await queries.list(appId, other)).toHaveLength(1);
    await write(captured(triggerId, 99, '{}'));
    const { rowCount } = await database.pool.query('select 1 from delivery_log.samples where trigger_id = $1', [
      triggerId,
    ]);
    expect(rowCount).toBeLessThan(KEPT_SAMPLES + 2);
  });

  it('a caller waits for the sample of its capture, and no longer than it said', async () => {
    const watch = new SampleWatch(queries);
    const event = captured(newId(), 1, '{}');
    const [waiter, patient, hasty] = [
      watch.open(idOf(event), 30_000),
      watch.open(newId(), 30_000),
      watch.open(newId(), 1),
    ];
    await hasty.arrived;
    await write(event);
    await waiter.arrived;
    watch.beforeApplicationShutdown();
    await patient.arrived;
    await watch.open(idOf(event), 30_000).arrived;
    await waitFor(() => (watch as unknown as { waiting: Map<unknown, unknown> }).waiting.size === 0);
    expect(await queries.present([idOf(event), newId()])).toEqual([idOf(event)]);
  });
});
