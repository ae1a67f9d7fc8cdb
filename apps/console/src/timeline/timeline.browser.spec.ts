import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, product, TestApp, useBrowser } from '../testing/browser.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: RecordingReceiver;
let runId: string;
let deliveryId: string;
beforeAll(async () => {
  [app, receiver] = await Promise.all([TestApp.make('timeline'), recordingReceiver()]);
  await app.call('POST', '/v1/endpoints', { kind: 'event', name: 'Shop', url: receiver.url, events: ['told.once'] });
  const flow = await app.call<{ id: string }>('POST', '/v1/flows', {
    name: 'Tell',
    status: 'active',
    steps: [
      { ref: 'web', type: 'webhook' },
      { ref: 'tell', type: 'emit', event: 'told.once', data: { html: '<img src=x onerror=alert(1)>' } },
    ],
  });
  const trigger = { flowId: flow.id, name: 'In', profile: 'native', auth: { type: 'none' } };
  const { url } = await app.call<{ url: string }>('POST', '/v1/triggers', trigger);
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a": 1}',
  });
  runId = ((await answer.json()) as { id: string }).id;
  deliveryId = await waitFor(async () => {
    const { items } = await app.call<{ items: { id: string; status: string }[] }>('GET', '/v1/deliveries');
    return items.find(({ status }) => status === 'succeeded')?.id;
  }, 30_000);
});
afterAll(() => receiver?.close());

describe('LG-01: the timeline', () => {
  it('shows from any id the whole tree: request, run, steps, event, delivery, attempt, each opens', async () => {
    const page = await browser.visit(app.screen('timeline'));
    await page.getByLabel('Find by id').fill('nothing like that');
    await page.getByRole('button', { name: 'Find', exact: true }).click();
    await page.getByText('There is no id in it').waitFor();
    await page.getByLabel('Find by id').fill(`sent as ${deliveryId} yesterday`);
    await page.keyboard.press('Enter');
    const tree = page.getByRole('list', { name: 'Causes and effects' });
    for (const name of [/Open request POST/, /Open run Run/, /Open event told\.once/, /Open delivery .*Shop/]) {
      await tree.getByRole('button', { name }).waitFor();
    }
    await tree.getByRole('button', { name: /Open attempt Attempt 1/ }).waitFor();
    expect(page.url()).toContain(`/timeline/${deliveryId}`);
    await tree.getByRole('button', { name: /Open event told\.once/ }).click();
    const detail = page.getByRole('region', { name: 'Details of event told.once' });
    await detail.getByText('<img src=x onerror=alert(1)>').waitFor();
    await expectAccessible(page);
  });

  it('is found in the palette by an id that is pasted there', async () => {
    const page = await browser.visit(app.screen('overview'));
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Command' }).fill(runId.toUpperCase());
    await page.getByRole('option', { name: `Find ${runId} in the timeline` }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /Open run Run/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/console/apps/${app.id}/timeline/${runId}`);
  });

  it('of an id that is nobody’s it says so, and another can be looked for', async () => {
    const page = await browser.visit(`${product.url()}/console/apps/${app.id}/timeline/${crypto.randomUUID()}`);
    await page.getByRole('alert').getByText('not_found').waitFor();
    expect(await page.getByLabel('Find by id').isEditable()).toBe(true);
  });
});
