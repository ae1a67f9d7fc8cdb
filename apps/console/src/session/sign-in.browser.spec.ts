import { beforeAll, describe, expect, it } from 'vitest';
import { ELSEWHERE } from '../testing/chromium.fixture.ts';
import { publishEvent } from '../testing/events.fixture.ts';
import { expectAccessible, product, TestApp, useBrowser } from '../testing/browser.fixture.ts';

const browser = useBrowser();
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.make('sign-in');
});

describe('RG-07: signing in to the console', () => {
  it("by the administrator's printed token, and then shows the screen of the address", async () => {
    const page = await browser.visit(app.screen('overview'), { as: null });
    await expectAccessible(page);
    await page.getByRole('radio', { name: 'Token' }).check();
    await page.getByLabel('Token', { exact: true }).last().fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('unauthorized').waitFor();
    await page.getByLabel('Token', { exact: true }).last().fill(product.token());
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(page.url()).toContain(app.id);
    await expectAccessible(page);
    const stored = await page.evaluate(() =>
      JSON.stringify({ ...localStorage, ...sessionStorage, c: document.cookie }),
    );
    expect(stored).not.toContain(product.token());
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('by plain http on another machine too, where browsers keep things from the page', async () => {
    const there = (address: string): string => address.replace('127.0.0.1', ELSEWHERE);
    const page = await browser.visit(there(app.screen('live?kinds=event')), { as: null });
    expect(await page.evaluate(() => window.isSecureContext)).toBe(false);
    await page.getByRole('radio', { name: 'Token' }).check();
    await page.getByLabel('Token', { exact: true }).last().fill(product.token());
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('live', { exact: true }).waitFor();
    await publishEvent(app, 'plain.http', {});
    await page.getByRole('grid', { name: 'Live' }).getByText('plain.http').waitFor();
    await app.call('POST', '/v1/event-types', { name: 'plain.http' });
    await page.goto(there(app.screen('event-types/plain.http')));
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByRole('status').getByText('It was accepted').waitFor();
  });
});
