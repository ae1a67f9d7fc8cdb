import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, product, TestApp, useBrowser } from '../testing/browser.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: RecordingReceiver;
beforeAll(async () => {
  [app, receiver] = await Promise.all([TestApp.make('parked'), recordingReceiver()]);
});
afterAll(() => receiver?.close());

interface Letters {
  items: { appId: string; type: string }[];
}

/**
 * A flow emits what does not fit its type, which the dispatcher parks, until so many are parked. It knows the type a moment
 * after it was made, so some may pass before; nobody has subscribed yet then.
 */
async function park(name: string, count: number): Promise<void> {
  const schema = { type: 'object', required: ['total'], properties: { total: { type: 'number' } } };
  await app.call('POST', '/v1/event-types', { name, description: '', schema, validate: true });
  const steps = [
    { ref: 'web', type: 'webhook' },
    { ref: 'tell', type: 'emit', event: name, data: { total: 'many' } },
  ];
  const flow = await app.call<{ id: string }>('POST', '/v1/flows', { name, status: 'active', steps });
  const auth = { type: 'none' };
  const trigger = await app.call<{ url: string }>('POST', '/v1/triggers', { flowId: flow.id, name, auth });
  for (let want = 1; want <= count; want++) {
    await waitFor(async () => {
      await fetch(trigger.url, { method: 'POST' });
      return waitFor(async () => (await parked()) >= want, 2_000).catch(() => false);
    }, 60_000);
  }
  await app.call('POST', '/v1/endpoints', { kind: 'event', name, url: receiver.url, events: [name] });
}

async function parked(): Promise<number> {
  const headers = { authorization: `Bearer ${product.token()}` };
  const answer = await fetch(`${product.url()}/v1/dead-letters?status=parked&limit=200`, { headers });
  const { items } = (await answer.json()) as Letters;
  return items.filter(({ appId, type }) => appId === app.id && type === 'EventEmitted').length;
}

describe('CO-01: dead letters', () => {
  it('dead letters have an address and an empty state; who is no administrator of all apps is refused', async () => {
    const page = await browser.visit(`${product.url()}/console/dead-letters`);
    await page.getByText('Nothing waits here').waitFor();
    await page.getByLabel('Status').selectOption('handled');
    await page.waitForURL(/status=handled/);
    await expectAccessible(page);
    const account = { email: `one-app-${app.id}@example.org`, password: 'correct horse battery' };
    await app.call('POST', '/v1/users', { ...account, name: 'One', roles: [{ appId: app.id, role: 'administrator' }] });
    const theirs = await browser.visit(`${product.url()}/console/dead-letters`, { as: account });
    await theirs.getByRole('alert').getByText('forbidden').waitFor();
    await expect.poll(() => theirs.getByRole('button', { name: /Try all 0 again/ }).isDisabled()).toBe(true);
  });

  it('a parked event says why; once its cause is mended it is tried again and delivered, by keyboard alone', async () => {
    const type = 'parked.once';
    await park(type, 1);
    const page = await browser.visit(`${product.url()}/console/dead-letters`);
    const letters = page.getByRole('list', { name: 'Dead letters' }).getByRole('listitem');
    await letters.getByText('parked').first().waitFor();
    await letters.getByRole('button', { name: /^Open EventEmitted/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Error' }).getByText('/total').waitFor();
    await expectAccessible(page);
    expect(receiver.requests).toHaveLength(0);
    await app.call('PATCH', `/v1/event-types/${type}`, { validate: false });
    await letters.getByRole('button', { name: /^Try again: EventEmitted/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('It is being tried again').waitFor();
    await page.getByText('Nothing waits here').waitFor();
    expect((await receiver.waitFor(1, 30_000))[0]?.text).toContain('many');
    await page.getByLabel('Status').selectOption('handled');
    await letters.getByText('handled').first().waitFor();
  });

  it('all are tried again at once; what cannot be mended is given up', async () => {
    const before = receiver.requests.length;
    await park('parked.many', 3);
    const page = await browser.visit(`${product.url()}/console/dead-letters`);
    const discard = page.getByRole('button', { name: /^Discard: EventEmitted/ });
    await expect.poll(() => discard.count(), { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
    const count = await parked();
    await discard.first().click();
    await expect.poll(parked, { timeout: 30_000 }).toBe(count - 1);
    await app.call('PATCH', '/v1/event-types/parked.many', { validate: false });
    await page.getByRole('button', { name: /^Try all \d+ again/ }).click();
    await page.getByText('Nothing waits here').waitFor();
    await expect.poll(() => receiver.requests.length - before, { timeout: 30_000 }).toBe(count - 1);
  });
});
