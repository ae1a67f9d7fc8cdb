import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@sluice/testing';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { publishEvent } from '../testing/events.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: Server;
/** What the receiver answers with, byte by byte. */
let answer: Uint8Array = new Uint8Array();
let hook: { id: string; url: string };
beforeAll(async () => {
  app = await TestApp.make('payloads');
  receiver = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(400, { 'content-type': 'text/html' }).end(answer));
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const steps = [{ ref: 'web', type: 'webhook' }];
  const flow = await app.call<{ id: string }>('POST', '/v1/flows', { name: 'Any', status: 'active', steps });
  hook = await app.call('POST', '/v1/triggers', { flowId: flow.id, name: 'Any', auth: { type: 'none' } });
  const endpoint = { kind: 'event', name: 'Ear', url, events: ['any.*'], retry: { schedule: ['PT0S'] } };
  await app.call('POST', '/v1/endpoints', endpoint);
});
afterAll(() => {
  receiver?.closeAllConnections();
  receiver?.close();
});

/** The body of the newest request, as the screen of the requests shows it. */
async function received(value: unknown): Promise<Locator> {
  const headers = { 'content-type': 'application/json' };
  const accepted = await fetch(hook.url, { method: 'POST', headers, body: JSON.stringify(value) });
  const { id } = (await accepted.json()) as { id: string };
  expect(accepted.status).toBe(202);
  const page = await browser.visit(app.screen(`triggers/${hook.id}/requests`));
  await page.getByRole('button', { name: `Look at the request ${id}` }).click();
  return page.getByRole('region', { name: /^Body/ });
}

/** A delivery whose receiver answered so, on its screen. */
async function answered(bytes: Uint8Array | string): Promise<Page> {
  answer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  const type = `any.n${crypto.randomUUID().slice(0, 8)}`;
  await publishEvent(app, type, { sent: SCRIPT });
  const id = await waitFor(async () => {
    const path = `/v1/deliveries?eventType=${type}`;
    const { items } = await app.call<{ items: { id: string; attempts: unknown[] }[] }>('GET', path);
    return items[0]?.attempts.length ? items[0].id : null;
  }, 30_000);
  const page = await browser.visit(app.screen(`deliveries/${id}`));
  await page.getByRole('region', { name: 'Response body' }).waitFor();
  return page;
}

const SCRIPT = '<script>document.title="pwned"</script><img src=x onerror="document.title=1"><svg onload="alert(1)">';

describe('CO-02: payloads are shown as text', () => {
  it('binary: every control character is told by its code, and none is in the page', async () => {
    const page = await answered(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    const text = (await page.getByRole('region', { name: 'Response body' }).textContent()) ?? '';
    expect(text).toContain('\\u0000\\u0001');
    expect(text).toContain('ABC');
    expect(text.match(/[\p{Cc}\p{Cf}]/gu)?.filter((each) => each !== '\t' && each !== '\n') ?? []).toEqual([]);
  });

  it('scripts: what was received, sent and answered is no markup, and nothing of it runs', async () => {
    const seen = await received({ SCRIPT });
    await expect.poll(() => seen.textContent()).toContain('<svg onload=');
    const page = await answered(SCRIPT);
    for (const name of ['Request body', 'Response body']) {
      const body = page.getByRole('region', { name });
      await expect.poll(() => body.textContent()).toContain('onerror=');
      expect(await body.locator('*').count()).toBe(0);
    }
    expect(await page.title()).not.toContain('pwned');
  });

  it('bidirectional controls and invisible characters: made visible where they stand', async () => {
    const page = await answered('invoice\u202efdp.exe \u2066a\u2069 zero\u200bwidth \ufeff');
    const text = await page.getByRole('region', { name: 'Response body' }).textContent();
    expect(text).toContain('invoice\\u202efdp.exe \\u2066a\\u2069 zero\\u200bwidth \\ufeff');
    expect(text).not.toMatch(/\p{Cf}/u);
    await expect.poll(() => page.getByRole('region', { name: 'Response body' }).getAttribute('dir')).toBe('ltr');
  });
});
