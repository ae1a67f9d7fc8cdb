import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { expectAccessible, product, sessionCookie, TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { FaultyProxy } from '../testing/faulty-proxy.fixture.ts';

const browser = useBrowser();
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.make('shell');
});

describe('CO-02: the shell', () => {
  it('the palette opens by Ctrl+K and goes to any screen; a phone gets a menu', async () => {
    const page = await browser.visit(app.screen('overview'));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Command' }).waitFor();
    await expectAccessible(page);
    await page.keyboard.type('secr');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Secrets' }).waitFor();

    const phone = await browser.visit(app.screen('overview'), { viewport: { width: 360, height: 740 } });
    await phone.getByRole('button', { name: 'Menu' }).click();
    await phone.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Inbound webhooks' }).click();
    await phone.getByRole('heading', { name: 'Inbound webhooks' }).waitFor();
    const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await expectAccessible(phone);
  });

  it('an address that is none says so, and a strange app is refused by the API', async () => {
    const page = await browser.visit(app.screen('nowhere'));
    await page.getByRole('heading', { name: 'There is no such screen' }).waitFor();
    await page.goto(`${product.url()}/console/apps/0190c5b0-0000-7000-8000-000000000000/triggers`);
    await page.getByRole('alert').getByText('not_found').waitFor();
  });
});

describe('CO-02: a server that fails', () => {
  it('answers an error, slowly, or not at all: the screen says so and offers to try again', async () => {
    const proxy = new FaultyProxy('/v1/secrets');
    onTestFinished(() => proxy.close());
    const url = await proxy.listen();
    const page = await browser.visit(app.screen('overview').replace(product.url(), url));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    proxy.fault = 'bad-gateway';
    await page.getByRole('link', { name: 'Secrets' }).click();
    await page.getByRole('alert').getByText('http_502').waitFor();
    await expectAccessible(page);
    proxy.fault = 'cut';
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').getByText('unreachable').waitFor();
    proxy.fault = 'held';
    await page.reload();
    await page.getByText('the server takes longer than usual').waitFor();
    proxy.release();
    await page.getByRole('heading', { name: 'No secret yet' }).waitFor();
  });

  it('a session that ends while somebody types: they sign in again, and what was typed is saved', async () => {
    const cookie = await sessionCookie();
    const page = await browser.visit(app.screen('secrets'), { as: null });
    const [name = '', value = ''] = cookie.split(/=(.*)/s);
    await page.context().addCookies([{ name, value, url: product.url(), httpOnly: true, sameSite: 'Strict' }]);
    await page.reload();
    await page.getByRole('button', { name: 'New secret' }).click();
    await page.getByLabel('Name', { exact: true }).fill('typed');
    await page.getByLabel('Value').fill('long text');
    await fetch(`${product.url()}/v1/sessions/current`, {
      method: 'DELETE',
      headers: { cookie, 'x-sluice-csrf': '1' },
    });
    await page.getByRole('button', { name: 'Save secret' }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('radio', { name: 'Token' }).check();
    await page.getByLabel('Token', { exact: true }).last().fill(product.token());
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('gridcell', { name: 'typed', exact: true }).waitFor();
  });
});
