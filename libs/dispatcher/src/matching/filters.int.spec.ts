import {
  recordingReceiver,
  type RecordingReceiver,
  createTestDatabase,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await recordingReceiver();
  running = await startServices({
    services: [...NEIGHBOURS, dispatcherService],
    settings: testSettings(database.url),
    logger: SILENT,
  });
  neighbours = new Neighbours(running.app.nest);
});
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

describe('DL-02: filters and transformations', () => {
  it('each endpoint gets what is for it; a broken one shows why and stops nobody', async () => {
    await neighbours.endpoint({ url: `${receiver.url}/big`, filter: 'event.data.total > 100' });
    await neighbours.endpoint({ url: `${receiver.url}/small`, filter: 'event.data.total <= 100' });
    const broken = await neighbours.endpoint({ url: `${receiver.url}/broken`, filter: 'event.data.total / 0' });
    const bent = await neighbours.endpoint({ url: `${receiver.url}/bent`, transform: '{{ event.data.total / 0 }}' });
    await neighbours.endpoint({ url: `${receiver.url}/own`, transform: '{{ {"sum": event.data.total} }}' });
    await neighbours.settled();
    await neighbours.emit(1, { data: { total: 120 } });
    const arrived = () => receiver.requests.map((each) => each.path).sort();
    await waitFor(() => arrived().length === 2, 30_000, 'two deliveries');
    const attempts = await waitFor(async () => {
      const all = await neighbours.attempts();
      return all.length === 4 ? all : null;
    }, 30_000);
    expect(arrived()).toEqual(['/big', '/own']);
    expect(receiver.requests.find((each) => each.path === '/own')?.text).toBe('{"sum":120}');
    const failed = attempts.filter((each) => each.outcome === 'failed');
    expect(new Map(failed.map((each) => [each.endpointId, each.error?.code]))).toEqual(
      new Map([
        [broken.id, 'filter_failed'],
        [bent.id, 'transform_failed'],
      ]),
    );
    expect(await neighbours.due()).toEqual([]);
  });
});
