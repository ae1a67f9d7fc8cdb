import { beforeAll, describe, expect, it } from 'vitest';
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
});
