import path from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { product, TestApp, useBrowser } from '../testing/browser.fixture.ts';

/** `SLUICE_TUTORIAL_IMAGES=docs/images` keeps a picture of each step, as docs/tutorial.md shows them. */
const IMAGES = process.env.SLUICE_TUTORIAL_IMAGES;
const browser = useBrowser();

const press = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole('button', { name, exact: typeof name === 'string' }).click();
const go = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation').getByRole('link', { name, exact: true }).click();

async function picture(page: Page, name: string): Promise<void> {
  if (IMAGES) await page.screenshot({ path: path.resolve(IMAGES, `tutorial-${name}.png`) });
}

async function newFlow(page: Page, name: string, example?: string): Promise<void> {
  await go(page, 'Flows');
  await press(page, 'New flow …');
  if (example) await page.getByLabel('Begin with').selectOption({ label: `Example: ${example}` });
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await press(page, 'Create');
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await press(page, 'Publish');
  await page.getByText(/version \d+ runs/).waitFor();
}

describe('docs/tutorial.md', () => {
  it('CO-01: from signing in to a failed delivery that is found, repaired and sent again, without a terminal', async () => {
    const app = await TestApp.make('tutorial');
    const page = await browser.visit(app.screen('overview'), { as: null });
    await page.getByRole('radio', { name: 'Token' }).check();
    await page.getByLabel('Token', { exact: true }).last().fill(product.token());
    await press(page, 'Sign in');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await picture(page, '1-overview');

    await newFlow(page, 'Receive');
    await go(page, 'Inbound webhooks');
    await page.getByRole('link', { name: 'New webhook' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Receiver');
    await page.getByText('More settings').click();
    await page.getByLabel('Callers prove themselves by').selectOption('none');
    await press(page, 'Create webhook');
    const receiver = await page.getByRole('region', { name: 'URL', exact: true }).innerText();
    await press(page, 'I have copied it');

    await newFlow(page, 'Greet', 'Greet');
    await picture(page, '2-flow');

    await go(page, 'Outbound webhooks');
    await page.getByRole('link', { name: 'Add webhook' }).first().click();
    await page.getByLabel('Name', { exact: true }).fill('Company news');
    await page.getByLabel('Endpoint URL').fill(`${receiver}-mistyped`);
    await page.getByRole('checkbox', { name: 'All events' }).uncheck();
    await page.getByLabel('Event types').fill('company.*');
    await page.getByLabel('Retry schedule').fill('PT0S');
    await press(page, 'Save');
    await page.getByRole('heading', { level: 1, name: 'Company news' }).waitFor();

    await go(page, 'Flows');
    await page.getByRole('row', { name: /Greet/ }).click();
    await press(page, 'Webhook');
    await press(page, 'Create webhook');
    await page.getByRole('dialog', { name: 'Your webhook is ready' }).waitFor();
    await picture(page, '3-token');
    await page.getByText('Send a test request from here').click();
    await page.getByLabel('Body of the test request').fill('{"company_id": 7}');
    await press(page, 'Send a test request');
    await page.getByRole('status').getByText('201').waitFor();
    await press(page, 'I have copied it');

    await go(page, 'Deliveries');
    await page.getByRole('row', { name: /company\.small/ }).click();
    await page.getByRole('heading', { name: 'Attempt 1' }).waitFor();
    await page.getByRole('region', { name: 'Response body' }).first().getByText('unknown_trigger').waitFor();
    await picture(page, '4-failed-delivery');
    await page.getByRole('link', { name: 'Timeline' }).last().click();
    await page.getByRole('heading', { level: 1, name: 'Timeline' }).waitFor();
    await page.getByText('company.small').first().waitFor();
    await picture(page, '5-timeline');

    await go(page, 'Outbound webhooks');
    await page.getByRole('row', { name: /Company news/ }).click();
    await page.getByRole('link', { name: 'Change' }).click();
    await page.getByLabel('Endpoint URL').fill(receiver);
    await press(page, 'Save');
    await page.getByRole('heading', { level: 1, name: 'Company news' }).waitFor();
    await go(page, 'Deliveries');
    await page.getByRole('checkbox', { name: /Select company\.small/ }).check();
    await press(page, 'Replay the selected (1)');
    await page.getByText('finished: 1 of 1 planned deliveries have ended').waitFor();
    await go(page, 'Deliveries');
    await page
      .getByRole('row', { name: /company\.small.*succeeded/ })
      .first()
      .waitFor();
    await picture(page, '6-delivered');
    const { items } = await app.call<{ items: { status: string }[] }>('GET', '/v1/deliveries?status=succeeded');
    expect(items.length).toBeGreaterThan(0);
  }, 180_000);
});
