import type { EndpointState } from '@sluice/contracts';
import {
  createTestDatabase,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';
import { DeliveringConfig } from './delivering.config.ts';

const PATIENCE_MS = 20_000;

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let aheadMs = 0;

beforeEach(async () => {
  aheadMs = 0;
  database = await createTestDatabase();
  receiver = await recordingReceiver();
  const services = [dispatcherService, ...NEIGHBOURS];
  running = await startServices({ services, settings: testSettings(database.url), logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  running.app.nest.get(DeliveringConfig, { strict: false }).now = () => Date.now() + aheadMs;
  await neighbours.token('operator', ['automation.manage']);
});
afterEach(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const at = (path: string) => receiver.requests.filter((request) => request.path === path);

describe('while deliveries wait', () => {
  it('DL-05: an endpoint that is deleted keeps none, whatever they wait for', async () => {
    const retrySchedule = ['PT0S', 'PT5H'];
    const endpointAt = (path: string, wish: Partial<EndpointState> = {}) =>
      neighbours.endpoint({ url: `${receiver.url}${path}`, retrySchedule, ...(wish as object) });
    const endpoints = [
      await endpointAt('/retried'),
      await endpointAt('/ordered', { ordering: 'endpoint' }),
      await endpointAt('/paused'),
      await endpointAt('/held', { concurrency: 1 }),
      await endpointAt('/slow'),
    ];
    await neighbours.settled();
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    receiver.respond(async ({ path }) => {
      if (path === '/slow') await held;
      return path === '/held' ? { status: 503, headers: { 'retry-after': '3600' } } : { status: 500 };
    });
    await fetch(`${running.url}/v1/endpoints/${endpoints[2]?.id}/pause`, {
      method: 'POST',
      headers: { authorization: 'Bearer operator' },
    });
    await neighbours.emit(3);
    await waitFor(async () => (await neighbours.attempts()).length === 3 + 1 + 1, PATIENCE_MS);
    await waitFor(() => at('/slow').length === 3, PATIENCE_MS);
    for (const endpoint of endpoints) await neighbours.append(endpoint.uuid, 'EndpointDeleted', { endpoint });
    await neighbours.settled();
    answer();
    await waitFor(async () => (await neighbours.due()).length === 0, PATIENCE_MS);
    const discarded = await neighbours.discarded();
    expect(discarded.map(({ endpointId, reason }) => `${endpointId} ${reason}`).sort()).toEqual(
      endpoints.flatMap(({ id }) => Array<string>(3).fill(`${id} endpoint_deleted`)).sort(),
    );
    expect([at('/paused').length, at('/ordered').length, at('/held').length]).toEqual([0, 1, 1]);
  });

  it('DL-05: deliveries that wait for their turn keep the order they had, whatever the ordering becomes; others do not wait for them', async () => {
    receiver.respond(({ text }) => ({ status: text.includes('"old"') ? 500 : 204 }));
    const subjectsOf = () => receiver.requests.map(({ text }) => (JSON.parse(text) as { entityId: string }).entityId);
    const attempted = (count: number) =>
      waitFor(async () => (await neighbours.attempts()).length === count, PATIENCE_MS);
    const ordered = { ordering: 'endpoint', retrySchedule: ['PT0S', 'PT1H'] };
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/o`, ...ordered });
    await neighbours.settled();
    await neighbours.emit(3, { subject: 'old' });
    await attempted(1);
    const changed = await neighbours.change(endpoint, { ordering: 'event.subject' });
    await neighbours.settled();
    await neighbours.emit(2, { subject: 'keyed' });
    await attempted(3);
    await neighbours.change(changed, { ordering: null });
    await neighbours.settled();
    await neighbours.emit(2, { subject: 'free' });
    await attempted(5);
    expect(subjectsOf().toSorted()).toEqual(['free', 'free', 'keyed', 'keyed', 'old']);
    receiver.respond({ status: 204 });
    aheadMs = 2 * 3_600_000;
    await attempted(8);
    const numbers = receiver.requests
      .map(({ text }) => JSON.parse(text) as { entityId: string; entity: { number: number } })
      .flatMap(({ entityId, entity }) => (entityId === 'old' ? [entity.number] : []));
    expect(numbers).toEqual([0, 0, 1, 2]);
  });

  it('DL-05: disabled or paused, an order that waits is discarded or kept whole', async () => {
    receiver.respond({ status: 500 });
    const ordered = { ordering: 'endpoint', retrySchedule: ['PT0S', 'PT1H'] };
    const [off, held] = [
      await neighbours.endpoint({ url: `${receiver.url}/off`, ...ordered }),
      await neighbours.endpoint({ url: `${receiver.url}/held`, ...ordered }),
    ];
    await neighbours.settled();
    await neighbours.emit(3);
    await waitFor(async () => (await neighbours.attempts()).length === 2, PATIENCE_MS);
    await neighbours.change(off, { enabled: false });
    const pause = async (word: string) =>
      fetch(`${running.url}/v1/endpoints/${held.id}/${word}`, {
        method: 'POST',
        headers: { authorization: 'Bearer operator' },
      });
    await pause('pause');
    await waitFor(async () => (await neighbours.discarded()).length === 3, PATIENCE_MS);
    receiver.respond({ status: 204 });
    aheadMs = 2 * 3_600_000;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect([at('/off').length, at('/held').length]).toEqual([1, 1]);
    await pause('resume');
    await waitFor(() => at('/held').length === 4, PATIENCE_MS);
    const numbers = at('/held').map(({ text }) => (JSON.parse(text) as { entity: { number: number } }).entity.number);
    expect(numbers).toEqual([0, 0, 1, 2]);
    expect((await neighbours.discarded()).map(({ endpointId }) => endpointId)).toEqual([off.id, off.id, off.id]);
  });

  it('DL-01: a secret that is rotated signs the next attempt beside the one before, until that one ends', async () => {
    const retrySchedule = ['PT0S', 'PT1H', 'PT1H'];
    const [before, after] = ['the first secret of this one', 'the second secret of this one'];
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/mine`, secret: before, retrySchedule });
    const other = await neighbours.endpoint({ url: `${receiver.url}/other`, secret: after, events: ['other'] });
    await neighbours.settled();
    receiver.respond({ status: 500 });
    await neighbours.emit();
    const attempted = (count: number) =>
      waitFor(async () => (await neighbours.attempts()).length === count, PATIENCE_MS);
    await attempted(1);
    const value = endpoint.secret as NonNullable<EndpointState['secret']>;
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const rotated = await neighbours.change(endpoint, { secret: other.secret, previousSecrets: [{ value, until }] });
    await neighbours.settled();
    aheadMs = 2 * 3_600_000;
    await attempted(2);
    await neighbours.change(rotated, { previousSecrets: [] });
    await neighbours.settled();
    aheadMs = 4 * 3_600_000;
    await attempted(3);
    const signers = at('/mine').map(({ headers, text }) =>
      [before, after].filter((secret) => {
        const id = headers['webhook-id'] ?? '';
        const when = new Date(Number(headers['webhook-timestamp']) * 1000);
        const signature = new Webhook(secret, { format: 'raw' }).sign(id, when, text);
        return headers['webhook-signature']?.split(' ').includes(signature);
      }),
    );
    expect(signers).toEqual([[before], [before, after], [after]]);
    expect(new Set(at('/mine').map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });
});
