import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, product, TestApp, useBrowser } from '../testing/browser.fixture.ts';

interface Created {
  id: number;
}

describe('the customer portal', () => {
  const browser = useBrowser();
  let app: TestApp;
  let receiver: Server;
  let url: string;
  let mine: Created;
  let other: Created;
  const got: string[] = [];

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      got.push(request.url ?? '');
      request.resume();
      // Shown as text, whatever it is.
      response.end('<img src=x onerror="document.title=\'broken\'">');
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    app = await TestApp.make('portal');
    const events = ['order.placed'];
    const endpoint = (name: string, customer: string, path: string) =>
      app.call<Created>('POST', '/v1/endpoints', { kind: 'event', name, customer, url: `${url}${path}`, events });
    mine = await endpoint('Shop seven', 'seven', '/mine');
    other = await endpoint('Shop eight', 'eight', '/other');
    const steps = [{ ref: 'told', type: 'emit', event: 'order.placed', subject: '1', data: { total: 12 } }];
    const flow = await app.call<{ id: string }>('POST', '/v1/flows', { name: 'Orders', status: 'active', steps });
    await app.call('POST', `/v1/flows/${flow.id}/run`, { input: {} });
  });
  afterAll(() => new Promise((resolve) => receiver.close(resolve)));

  const linkFor = async (more: object): Promise<{ id: string; url: string }> => {
    const wish = { customer: 'seven', permissions: ['view', 'manage', 'replay'], ...more };
    const link = await app.call<{ id: string; url: string }>('POST', '/v1/portal-links', wish);
    return { ...link, url: link.url.replace(/^https?:\/\/[^/]+/, product.url()) };
  };
  const stateOf = ({ id }: Created) => app.call<{ url: string; enabled: boolean }>('GET', `/v1/endpoints/${id}`);

  it('shows a customer its own endpoints and what was sent to them, as text, and sends it again', async () => {
    const page = await browser.visit((await linkFor({})).url, { as: null });
    const card = page.getByRole('region', { name: 'Shop seven' });
    await card.waitFor();
    expect(await page.getByText('Shop eight').count()).toBe(0);
    await card.getByText('succeeded').first().waitFor();
    await card.getByRole('list', { name: 'Deliveries' }).getByText('order.placed', { exact: true }).first().click();
    await card.getByRole('region', { name: 'Response to attempt 1' }).waitFor();
    await expect
      .poll(() => card.getByRole('region', { name: 'Response to attempt 1' }).textContent())
      .toContain('<img src=x');
    await expectAccessible(page);
    expect(got.filter((path) => path === '/mine')).toHaveLength(1);
    await card.getByRole('button', { name: 'Send again' }).click();
    await card.getByText('It is sent again.').waitFor();
    await expect.poll(() => got.filter((path) => path === '/mine').length, { timeout: 20_000 }).toBe(2);
    await card.getByText('1 of 1 arrived').waitFor();
    expect(await page.title()).toBe('Webhooks');
  });

  it('changes where an endpoint is, and shows what the API refuses; another one’s is 404', async () => {
    const link = await linkFor({});
    const page = await browser.visit(link.url, { as: null });
    const card = page.getByRole('region', { name: 'Shop seven' });
    await card.getByLabel('Address').fill(`${url}/moved`);
    await card.getByRole('button', { name: 'Save' }).click();
    await card.getByText('Saved.').waitFor();
    expect((await stateOf(mine)).url).toBe(`${url}/moved`);
    await card.getByLabel('Address').fill(`${url}/tried`);
    await card.getByRole('button', { name: 'Test' }).click();
    await card.getByText('The sample was taken.').waitFor();
    expect(got.filter((path) => path === '/tried')).toHaveLength(1);
    await card.getByLabel(/^Events/).fill('order.placed\nparcel.sent');
    await card.getByRole('button', { name: 'Save' }).click();
    await card.getByText('is not among the events that this portal link allows').waitFor();
    await card.getByLabel(/^Events/).fill('order.placed');
    await card.getByLabel(/^Headers/).fill('X-Ours: 7');
    await card.getByLabel('Address').fill('ftp://shop.example/');
    await card.getByRole('button', { name: 'Save' }).click();
    await card.getByText('ftp', { exact: false }).first().waitFor();
    await card.getByLabel('Address').fill(`${url}/moved`);
    await card.getByRole('button', { name: 'Save' }).click();
    await card.getByText('Saved.').waitFor();
    await expect.poll(() => card.getByLabel(/^Headers/).inputValue()).toMatch(/^X-Ours: \*+$/);
    expect((await stateOf(mine)).url).toBe(`${url}/moved`);
    await card.getByLabel('Name', { exact: true }).fill('Not saved yet');
    await card.getByRole('button', { name: 'Turn off' }).click();
    await card.getByRole('button', { name: 'Turn on' }).waitFor();
    await expect.poll(() => card.getByLabel('Name', { exact: true }).inputValue()).toBe('Not saved yet');
    expect((await stateOf(mine)).enabled).toBe(false);
    await card.getByRole('button', { name: 'Turn on' }).click();
    await card.getByRole('button', { name: 'Turn off' }).waitFor();
    await card.getByRole('button', { name: 'New secret' }).click();
    await card.getByText(/whsec_/).waitFor();
    const headers = { authorization: `Bearer ${link.url.split('#')[1]}` };
    expect((await fetch(`${product.url()}/v1/endpoints/${other.id}`, { headers })).status).toBe(404);
  });

  it('offers nothing that the link does not permit, and says when it has ended', async () => {
    const link = await linkFor({ permissions: ['view'] });
    const page = await browser.visit(link.url, { as: null });
    const card = page.getByRole('region', { name: 'Shop seven' });
    await card.getByRole('list', { name: 'Deliveries' }).getByText('order.placed', { exact: true }).first().waitFor();
    // One of the list's summaries is a button, too, for some; ours are by name.
    for (const name of ['Save', 'Pause', 'New secret', 'Send again']) {
      expect(await card.getByRole('button', { name }).count()).toBe(0);
    }
    await app.call('DELETE', `/v1/portal-links/${link.id}`);
    await page.getByText('This link has ended').first().waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'This link has ended' }).waitFor();
  });

  it('is shown in a frame by the pages that the link names, and by no other', async () => {
    const holder = createServer((request, response) => {
      response.setHeader('content-type', 'text/html');
      const where = new URL(request.url ?? '/', 'http://holder').searchParams.get('of') ?? '';
      response.end(`<!doctype html><title>Shop</title><iframe title="portal" src="${where}"></iframe>`);
    });
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(holder.address() as AddressInfo).port}`;
    browser.expectsProblems(); // that the browser refuses is an error in its log
    try {
      const framed = async (link: { url: string }) => {
        const page = await browser.visit(`${origin}/?of=${encodeURIComponent(link.url)}`, { as: null });
        return page.frameLocator('iframe').getByRole('heading', { name: 'Webhooks' });
      };
      await (await framed(await linkFor({ embedIn: [origin] }))).waitFor();
      const refused = await framed(await linkFor({}));
      await refused.page().getByTitle('portal').waitFor();
      await refused.page().waitForLoadState('load');
      expect(await refused.count()).toBe(0);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });
});
