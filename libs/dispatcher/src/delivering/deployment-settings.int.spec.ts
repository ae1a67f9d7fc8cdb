import { DEFAULT_APP_ID } from '@sluice/access';
import {
  type ConnectProxy,
  connectProxy,
  createTestDatabase,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';

const PUBLIC = '93.184.216.34';
let database: TestDatabase;
let receiver: RecordingReceiver;
let proxy: ConnectProxy;
let running: RunningServices | undefined;

beforeEach(async () => {
  database = await createTestDatabase();
  receiver = await recordingReceiver();
  proxy = await connectProxy((authority) => (authority.endsWith(':8443') ? 'HTTP/1.1 403 No\r\n\r\n' : undefined));
});
afterEach(async () => {
  await running?.close();
  await proxy?.close();
  await receiver?.close();
  await database?.drop();
});

describe('what a deployment sets for all deliveries', () => {
  it('DL-12: what the names of headers begin with for one app, in the place of what they begin with for the others', async () => {
    const etlPrefixOfApp = { [DEFAULT_APP_ID]: 'X-Shop-Hook' };
    const settings = testSettings(database.url, { etlPrefix: 'X-Others', etlPrefixOfApp });
    running = await startServices({ services: [dispatcherService, ...NEIGHBOURS], settings, logger: SILENT });
    const neighbours = new Neighbours(running.app.nest);
    await neighbours.endpoint({ url: receiver.url, secret: 'a secret' });
    await neighbours.settled();
    await neighbours.emit();
    const [request] = await receiver.waitFor(1);
    expect(request?.headers['x-shop-hook-event']).toBe('order.created');
    expect(Object.keys(request?.headers ?? {}).filter((name) => /^x-(others|etl)/.test(name))).toEqual([]);
  });

  it('DL-12: the proxy, and what the names of headers begin with; a header of a setting cannot take such a name', async () => {
    const settings = testSettings(database.url, {
      outbound: { proxy: { url: proxy.url, except: [], resolve: 'here' }, extraCa: null },
      etlPrefix: 'X-Shop-Hook',
    });
    running = await startServices({ services: [dispatcherService, ...NEIGHBOURS], settings, logger: SILENT });
    const neighbours = new Neighbours(running.app.nest);
    const url = `http://${PUBLIC}:${new URL(receiver.url).port}/in`;
    await neighbours.endpoint({ url, secret: 'a secret', headers: { 'x-shop-hook-event': 'forged', 'X-Own': 'kept' } });
    await neighbours.endpoint({ url: `https://${PUBLIC}:8443/`, retrySchedule: ['PT0S'], name: 'Refused' });
    await neighbours.settled();
    await neighbours.emit();
    const [request] = await receiver.waitFor(1);
    expect(request?.headers).toMatchObject({ 'x-shop-hook-event': 'order.created', 'x-own': 'kept' });
    expect(request?.headers['x-shop-hook-signature']).toMatch(/^[0-9a-f]{40}$/);
    expect(Object.keys(request?.headers ?? {}).filter((name) => name.startsWith('x-etl-'))).toEqual([]);
    const attempts = await waitFor(async () => {
      const found = await neighbours.attempts();
      return found.length === 2 ? found : null;
    });
    expect(attempts.map((attempt) => attempt.error?.code ?? attempt.response?.status).sort()).toEqual([
      204,
      'proxy_refused',
    ]);
  });
});
