import { type RecordingReceiver, recordingReceiver } from '@sluice/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { publishEvent } from '../testing/events.fixture.ts';
import { FaultyProxy } from '../testing/faulty-proxy.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: RecordingReceiver;
let hook: { id: string; url: string };
let waiting: { id: string; url: string };
beforeAll(async () => {
  [app, receiver] = await Promise.all([TestApp.make('live'), recordingReceiver()]);
  const flow = await app.call<{ id: string }>('POST', '/v1/flows', {
    name: 'Live',
    status: 'active',
    steps: [{ ref: 'web', type: 'webhook' }],
  });
  hook = await app.call('POST', '/v1/triggers', { flowId: flow.id, name: 'In', auth: { type: 'none' } });
  const slow = await app.call<{ id: string }>('POST', '/v1/flows', {
    name: 'Waits',
    status: 'active',
    steps: [
      { ref: 'web', type: 'webhook' },
      { ref: 'asked', type: 'delay', for: 'PT1H' },
    ],
  });
  waiting = await app.call('POST', '/v1/triggers', { flowId: slow.id, name: 'Slow', auth: { type: 'none' } });
  await app.call('POST', '/v1/endpoints', { kind: 'event', name: 'Ear', url: receiver.url, events: ['live.*'] });
});
afterAll(() => receiver?.close());

const fire = async (url: string, body: object): Promise<string> => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return ((await answer.json()) as { id: string }).id;
};
const live = (page: Page) => page.getByText('live', { exact: true }).waitFor();
describe('CO-01: lists and open things are renewed without a reload', () => {
  it('runs and requests show up, and an open run goes on to wait and to its end', async () => {
    const [runs, requests] = await Promise.all([
      browser.visit(app.screen('runs')),
      browser.visit(app.screen(`triggers/${waiting.id}/requests`)),
    ]);
    await Promise.all([live(runs), live(requests)]);
    const runId = await fire(waiting.url, { n: 1 });
    await runs.getByRole('row', { name: /waiting/ }).waitFor();
    await requests.getByRole('row', { name: /accepted/ }).waitFor();
    await expectAccessible(runs);
    const open = await browser.visit(app.screen(`runs/${runId}`));
    await open.getByText('waiting', { exact: true }).first().waitFor();
    await app.call('POST', `/v1/runs/${runId}/cancel`);
    await open.getByText('cancelled', { exact: true }).first().waitFor();
    await runs.getByRole('row', { name: /cancelled/ }).waitFor();
    await requests.getByText('cancelled').waitFor();
  });

  it('events and deliveries show up, also in the list of an endpoint', async () => {
    const [events, deliveries] = await Promise.all([
      browser.visit(app.screen('events')),
      browser.visit(app.screen('deliveries')),
    ]);
    await Promise.all([live(events), live(deliveries)]);
    await publishEvent(app, 'live.one', {});
    await events.getByRole('row', { name: /live\.one/ }).waitFor();
    const delivered = deliveries.getByRole('row', { name: /succeeded.*live\.one/ });
    await delivered.waitFor();
    await delivered.click();
    await deliveries.getByRole('heading', { name: 'Attempt 1' }).waitFor();
    const id = new URL(deliveries.url()).pathname.split('/').at(-1);
    await app.call('POST', `/v1/deliveries/${id}/retry`);
    await deliveries.getByRole('heading', { name: 'Attempt 2' }).waitFor();
  });

  it('who stands in a list keeps the rows; new ones are counted and come when asked for, by keyboard', async () => {
    await fire(hook.url, { n: 1 });
    const page = await browser.visit(app.screen(`triggers/${hook.id}/requests`));
    const rows = page.getByRole('grid', { name: 'Requests' }).getByRole('row', { name: /accepted/ });
    await rows.first().focus();
    const first = await rows.first().getAttribute('data-index');
    await live(page);
    await Promise.all([fire(hook.url, { n: 2 }), fire(hook.url, { n: 3 })]);
    await page.getByRole('status', { name: 'News' }).getByText('2 new').waitFor();
    await expect.poll(() => rows.count()).toBe(1);
    await expect.poll(() => rows.first().getAttribute('data-index')).toBe(first);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Show 2 new' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => rows.count()).toBe(3);
    expect(await page.getByRole('button', { name: /^Show \d+ new/ }).count()).toBe(0);
  });

  it('without a stream the list is looked at every few seconds; a hidden page holds none, and it comes back', async () => {
    const proxy = new FaultyProxy('/v1/tail');
    proxy.fault = 'cut';
    const base = await proxy.listen();
    const address = app.screen('events');
    const page = await browser.visit(address.replace(new URL(address).origin, base));
    await page.getByText('looked at every few seconds').waitFor();
    await publishEvent(app, 'live.polled', {});
    await page.getByRole('row', { name: /live\.polled/ }).waitFor();
    proxy.release();
    await live(page);
    const turn = (isHidden: boolean): Promise<void> =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event('visibilitychange'));
      }, isHidden);
    await turn(true);
    await page.getByText('looked at every few seconds').waitFor();
    await publishEvent(app, 'live.unseen', {});
    await turn(false);
    await live(page);
    await page.getByRole('row', { name: /live\.unseen/ }).waitFor();
    proxy.close();
  });
});
