import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { product, sessionCookie, TestApp, useBrowser } from '../testing/browser.fixture.ts';

const browser = useBrowser();
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.make('safety');
});

/** A site that is not ours: `localhost` is another site than 127.0.0.1. */
async function otherSite(html: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

describe('CO-02: what the page may do', () => {
  it('its policy lets no inline script run, nobody frame it, and nothing be sent elsewhere', async () => {
    const answer = await fetch(`${product.url()}/console/`);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    browser.expectsProblems();
    const page = await browser.visit(app.screen('overview'));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    const ran = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.pwned = true';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src="x:" onerror="window.pwned = true">');
      await new Promise((resolve) => document.addEventListener('securitypolicyviolation', resolve, { once: true }));
      return 'pwned' in window;
    });
    expect(ran).toBe(false);
  });

  it('another site cannot frame it', async () => {
    browser.expectsProblems();
    const site = await otherSite(`<iframe id="f" src="${product.url()}/console/"></iframe>`);
    const page = await browser.visit(site);
    await page.locator('#f').waitFor();
    const frame = page.frames().find((each) => each !== page.mainFrame());
    expect(await frame?.locator('#root').count()).toBe(0);
    expect(page.frames().some((each) => each.url().startsWith(product.url()))).toBe(false);
  });
});

describe('RG-07: sessions in a browser', () => {
  it('another site changes nothing in the name of its visitor', async () => {
    browser.expectsProblems();
    const site = await otherSite(`<form id="f" method="post" enctype="text/plain" action="${product.url()}/v1/apps">
      <input name='{"name":"forged","x":"' value='"}'></form><script>
      fetch("${product.url()}/v1/apps", { method: "POST", credentials: "include", mode: "no-cors", body: '{"name":"forged"}' })
        .finally(() => document.getElementById("f").submit());</script>`);
    const page = await browser.visit(site);
    await page.waitForURL(`${product.url()}/v1/apps`);
    await expect.poll(() => page.locator('body').innerText()).toMatch(/unauthorized|forbidden|unsupported/);
    const { items } = await app.call<{ items: { name: string }[] }>('GET', '/v1/apps?limit=200');
    expect(items.map(({ name }) => name)).not.toContain('forged');
    // The cookie itself, with the header that a browser adds to it.
    const cookie = await sessionCookie();
    const headers = { cookie, origin: 'http://localhost', 'content-type': 'application/json' };
    const forged = await fetch(`${product.url()}/v1/apps`, { method: 'POST', headers, body: '{"name":"forged"}' });
    expect(forged.status).toBe(403);
  });

  it('a session that somebody planted before is not the one after signing in', async () => {
    const page = await browser.visit(`${product.url()}/console/`, { as: null });
    const planted = { name: 'sluice_session', value: 'planted-by-somebody-else', url: product.url() };
    await page.context().addCookies([planted]);
    await page.getByRole('radio', { name: 'Token' }).check();
    await page.getByLabel('Token', { exact: true }).last().fill(product.token());
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    const cookies = await page.context().cookies();
    const session = cookies.find(({ name }) => name === planted.name);
    expect(session?.value).not.toBe(planted.value);
    expect([session?.httpOnly, session?.sameSite]).toEqual([true, 'Strict']);
    const old = await fetch(`${product.url()}/v1/sessions/current`, {
      headers: { cookie: `sluice_session=${planted.value}` },
    });
    expect(old.status).toBe(401);
  });
});
