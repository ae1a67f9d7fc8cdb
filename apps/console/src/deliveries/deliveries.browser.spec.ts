import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectAccessible, TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { publishEvent } from '../testing/events.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: RecordingReceiver;
beforeAll(async () => {
  [app, receiver] = await Promise.all([TestApp.make('deliveries'), recordingReceiver()]);
});
beforeEach(() => {
  receiver.clear();
  receiver.respond({ status: 204 });
});
afterAll(() => receiver?.close());

interface Delivery {
  id: string;
  status: string;
  eventType: string;
}

/** An endpoint of its own for each test, whose deliveries are tried once. */
async function endpoint(name: string): Promise<number> {
  const { id } = await app.call<{ id: number }>('POST', '/v1/endpoints', {
    kind: 'event',
    name,
    url: `${receiver.url}/${name}`,
    events: [`${name}.*`],
    retry: { schedule: ['PT0S'] },
  });
  return id;
}
const ended = (endpointId: number, count: number): Promise<Delivery[]> =>
  waitFor(async () => {
    const path = `/v1/deliveries?endpointId=${endpointId}`;
    const { items } = await app.call<{ items: Delivery[] }>('GET', path);
    return items.filter(({ status }) => status !== 'pending').length === count ? items : null;
  }, 30_000);

describe('deliveries', () => {
  it('DL-06: filters stand in the address; the selected ones are replayed, with progress', async () => {
    const id = await endpoint('mixed');
    await publishEvent(app, 'mixed.good', {});
    await ended(id, 1);
    receiver.respond({ status: 500 });
    await publishEvent(app, 'mixed.bad', {});
    await ended(id, 2);
    const page = await browser.visit(app.screen(`deliveries?endpointId=${id}`));
    await page.getByRole('row', { name: /mixed\.good/ }).waitFor();
    await page.getByLabel('Status').selectOption('failed');
    await page.getByRole('row', { name: /mixed\.good/ }).waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /mixed\.bad/ }).waitFor();
    expect(page.url()).toContain('status=failed');
    await expectAccessible(page);
    receiver.respond({ status: 204 });
    await page.getByRole('checkbox', { name: /Select mixed\.bad/ }).check();
    await page.getByRole('button', { name: 'Replay the selected (1)' }).click();
    await page.getByText('finished: 1 of 1 planned deliveries have ended').waitFor();
    expect(receiver.requests.at(-1)?.headers['x-etl-webhook-event']).toBe('mixed.bad');
    await expectAccessible(page);
  });

  it('DL-06: a replay by query is filled in from the list, and says what became of it', async () => {
    const id = await endpoint('query');
    receiver.respond({ status: 500 });
    for (let n = 0; n < 3; n++) await publishEvent(app, 'query.asked', { n });
    await ended(id, 3);
    receiver.respond({ status: 204 });
    const page = await browser.visit(app.screen(`deliveries?endpointId=${id}&status=failed`));
    await page.getByRole('link', { name: /Replay all of these/ }).click();
    await expect.poll(() => page.getByLabel('What became of it').inputValue()).toBe('failed');
    await page.getByLabel('Filter').fill('event.data.n > 0');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByText('finished: 2 of 2 planned deliveries have ended').waitFor();
    const sent = receiver.requests.filter(({ headers }) => headers['x-etl-webhook-event'] === 'query.asked').slice(-2);
    expect(sent.map(({ text }) => (JSON.parse(text) as { entity: { n: number } }).entity.n).toSorted()).toEqual([1, 2]);
  });

  it('DL-03: one delivery shows each attempt; Retry begins another round; what was sent is copied as curl', async () => {
    const id = await endpoint('retried');
    receiver.respond({ status: 500, body: '<b>broken</b>' });
    await publishEvent(app, 'retried.once', { text: "it's" });
    const [delivery] = await ended(id, 1);
    const page = await browser.visit(app.screen(`deliveries/${delivery?.id}`));
    await page.getByRole('region', { name: 'Response body' }).getByText('<b>broken</b>').waitFor();
    await expectAccessible(page);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: /Copy as curl/ }).click();
    await page.getByRole('button', { name: /Copied: the request as a curl/ }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain(`curl -sS -X POST`);
    expect(copied).toContain(`${receiver.url}/retried`);
    expect(copied).toContain(String.raw`it'\''s`);
    receiver.respond({ status: 204 });
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('heading', { name: 'Attempt 2' }).waitFor();
    await page.getByText('succeeded').waitFor();
  });

  it('CO-01: what two deliveries sent is compared by value', async () => {
    const id = await endpoint('compared');
    await publishEvent(app, 'compared.one', { kept: 1, changed: 'before' });
    await publishEvent(app, 'compared.one', { changed: 'after', kept: 1 });
    await ended(id, 2);
    const page = await browser.visit(app.screen(`deliveries?endpointId=${id}`));
    const boxes = page.getByRole('checkbox', { name: /Select compared\.one/ });
    await boxes.nth(1).waitFor();
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    await page.getByRole('link', { name: 'Compare the two' }).click();
    const difference = page.getByRole('region', { name: 'Difference' });
    await difference.locator('del', { hasText: '"changed": "before"' }).waitFor();
    await difference.locator('ins', { hasText: '"changed": "after"' }).waitFor();
    await expect.poll(() => difference.locator('span', { hasText: '"kept": 1' }).count()).toBe(1);
    await expectAccessible(page);
  });

  it('CO-02: a failed delivery is found and replayed by keyboard alone', async () => {
    const id = await endpoint('keys');
    receiver.respond({ status: 500 });
    await publishEvent(app, 'keys.pressed', {});
    await ended(id, 1);
    receiver.respond({ status: 204 });
    const page = await browser.visit(app.screen(`deliveries?endpointId=${id}`));
    await page.getByRole('row', { name: /keys\.pressed/ }).waitFor();
    const focusedText = (): Promise<string> =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
      );
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let presses = 0; presses < 80 && !name.test(await focusedText()); presses++)
        await page.keyboard.press('Tab');
      expect(await focusedText()).toMatch(name);
    };
    await tabTo(/^Select keys\.pressed/);
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Replay the selected (1)' }).waitFor();
    for (let presses = 0; presses < 80 && !(await focusedText()).startsWith('Replay the selected'); presses++) {
      await page.keyboard.press('Shift+Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByText('finished: 1 of 1 planned deliveries have ended').waitFor();
    expect(receiver.requests).toHaveLength(2);
  });
});
