import { beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, TestApp, useBrowser } from '../testing/browser.fixture.ts';

const browser = useBrowser();
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.make('overview');
});

describe('CO-01: the overview', () => {
  it('leads a newcomer to the first webhook, then shows what happened by itself', async () => {
    const page = await browser.visit(app.screen('overview'));
    await page.getByRole('heading', { name: 'Nothing has happened in this time' }).waitFor();
    await expectAccessible(page);
    const { id: flowId } = await app.call<{ id: string }>('POST', '/v1/flows', {
      name: 'Seen',
      status: 'active',
      steps: [{ ref: 'web', type: 'webhook' }],
    });
    const { url } = await app.call<{ url: string }>('POST', '/v1/triggers', {
      flowId,
      name: 'Seen',
      auth: { type: 'none' },
    });
    for (let n = 0; n < 3; n++)
      expect(
        (await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status,
      ).toBe(202);
    await page
      .getByRole('heading', { name: 'Nothing has happened in this time' })
      .waitFor({ state: 'detached', timeout: 60_000 });
    await page.getByRole('img', { name: /^Requests/ }).waitFor();
    await page.getByText('As a table').first().click();
    await page.getByRole('region', { name: 'Requests: values' }).waitFor();
    await expectAccessible(page);
    await page.getByLabel('Show').selectOption('24');
    await page.waitForURL(/hours=24/);
  });
});
