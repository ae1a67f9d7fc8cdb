import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, product, TestApp, useBrowser } from '../testing/browser.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let flowId: string;

beforeAll(async () => {
  app = await TestApp.make('triggers');
  const inputs = { company_id: { type: 'integer', required: true } };
  const steps = [{ ref: 'web1', type: 'webhook' }];
  ({ id: flowId } = await app.call<{ id: string }>('POST', '/v1/flows', {
    name: 'Greet',
    status: 'active',
    inputs,
    steps,
  }));
});

interface Made {
  id: string;
  url: string;
  token: string;
}

const made = (name: string, more: object = {}): Promise<Made> =>
  app.call<Made>('POST', '/v1/triggers', { flowId, name, profile: 'native', auth: { type: 'bearer' }, ...more });

async function fire({ url, token }: Made, body: string, type = 'application/json'): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': type };
  return (await fetch(url, { method: 'POST', headers, body })).status;
}

const valueOf = (page: Page, label: string): Promise<string> =>
  page.getByRole('region', { name: label, exact: true }).innerText();

describe('LT-02, LT-03: making a webhook', () => {
  it('by keyboard alone: the token is shown once with a curl that works, and never again', async () => {
    const page = await browser.visit(app.screen(`triggers/new?flowId=${flowId}`));
    await page.getByLabel('Name').focus();
    await page.keyboard.type('Orders');
    await page.getByRole('radio', { name: /^Run/ }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Create webhook' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Your webhook is ready' }).waitFor();
    await expectAccessible(page);
    const [url, token, curl] = [
      await valueOf(page, 'URL'),
      await valueOf(page, 'Token'),
      await valueOf(page, 'Try it'),
    ];
    expect(curl).toContain('company_id');
    expect(curl).toContain(token);
    await page.getByText('This is shown only now.').waitFor();
    await page.getByText('add a new token or a new webhook').waitFor();
    await page.keyboard.press('Escape'); // does not lose it
    await page.getByText('Send a test request from here').click();
    await expect.poll(() => page.getByLabel('Body of the test request').inputValue()).toContain('company_id');
    await page.getByRole('button', { name: 'Send a test request' }).click();
    await page.getByRole('status').getByText('201').waitFor();
    await page.getByRole('link', { name: 'See its run' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'I have copied it' }).press('Enter');
    await page.getByRole('heading', { name: 'Orders' }).waitFor();
    expect(page.url()).toMatch(/\/triggers\/[0-9a-f-]{36}$/);
    await page.reload();
    await page.getByRole('heading', { name: 'Orders' }).waitFor();
    expect(await page.content()).not.toContain(token);
    const started = await fetch(url, {
      method: 'POST',
      headers: { 'X-Sluice-Webhook-Token': token, 'content-type': 'application/json' },
      body: '{"company_id": 7}',
    });
    expect(started.status).toBe(201);
  });

  it('what the API refuses is told at its field, and what was typed stays', async () => {
    const page = await browser.visit(app.screen('triggers/new'));
    await page.getByLabel('Name').fill('\u200b');
    await page.getByText('More settings').click();
    await page.getByLabel('Allowed addresses').fill('not-an-address');
    await page.getByRole('button', { name: 'Create webhook' }).click();
    await page.getByRole('alert').getByText('invalid_request').waitFor();
    await expect.poll(() => page.getByLabel('Allowed addresses').getAttribute('aria-invalid')).toBe('true');
    await expect.poll(() => page.getByLabel('Allowed addresses').inputValue()).toBe('not-an-address');
    await expectAccessible(page);
  });
});

describe('LT-10: tokens of a webhook', () => {
  it('a second one is added and shown once, and the first is revoked', async () => {
    const trigger = await made('Rotated');
    const page = await browser.visit(app.screen(`triggers/${trigger.id}`));
    await page.getByLabel('Token of the webhook').fill(trigger.token);
    await page.getByRole('button', { name: 'Send a test request' }).click();
    await page.getByRole('status').getByText('202').waitFor();
    await page.getByRole('button', { name: 'Run the flow with this body' }).click();
    await page.getByRole('link', { name: 'see its run', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Add a second token' }).click();
    await page.getByRole('dialog').waitFor();
    const second = await valueOf(page, 'Token');
    await page.getByRole('button', { name: 'I have copied it' }).click();
    const first = (await app.call<{ tokens: { id: string }[] }>('GET', `/v1/triggers/${trigger.id}`)).tokens[0]?.id;
    await page.getByRole('button', { name: `Revoke token ${first}` }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    expect(await fire(trigger, '{}')).toBe(401);
    expect(await fire({ ...trigger, token: second }, '{}')).toBe(202);
    await expectAccessible(page);
  });
});

describe('LC-03: URL and token of profile flow', () => {
  it('are shown at any time to who may edit, and the reading stands in the history', async () => {
    const trigger = await made('Form', { profile: 'flow', auth: undefined });
    const page = await browser.visit(app.screen(`triggers/${trigger.id}`));
    await page.getByRole('button', { name: 'Show URL and token' }).click();
    await page.getByRole('region', { name: 'Token', exact: true }).waitFor();
    expect(await valueOf(page, 'Token')).toBe(trigger.token);
    await page.getByRole('link', { name: 'History' }).last().click();
    await page
      .getByRole('heading', { name: /TokenRead|TokenShown|Read/ })
      .first()
      .waitFor();
    await expectAccessible(page);
  });
});

describe('LG-02, GW-08: requests of a webhook', () => {
  it('show received and refused ones with their reason; a payload is text, whatever it is', async () => {
    const trigger = await made('Watched');
    const hostile = {
      html: '<img src=x onerror="document.title=\'pwned\'"><script>document.title="pwned"</script>',
      bidi: 'user\u202etxt.exe\u2066',
      line: 'x'.repeat(40_000),
    };
    expect(await fire(trigger, JSON.stringify(hostile))).toBe(202);
    expect(await fire({ ...trigger, token: 'wrong' }, '{}')).toBe(401);
    const page = await browser.visit(app.screen(`triggers/${trigger.id}/requests`));
    await page.getByText('401 unauthorized').first().waitFor();
    await page.getByText('accepted', { exact: true }).first().waitFor();
    await expectAccessible(page);
    await page.getByLabel('Result').selectOption('accepted');
    await page.waitForURL(/status=accepted/);
    await page.getByText('401 unauthorized').waitFor({ state: 'detached' });
    await page
      .getByRole('button', { name: /Look at the request/ })
      .first()
      .click();
    const body = page.getByRole('region', { name: 'Body', exact: true });
    await body.waitFor();
    const text = await body.innerText();
    expect(text).toContain('<script>document.title=');
    expect(text).toContain('user\\u202etxt.exe\\u2066');
    expect(await body.locator('img, script').count()).toBe(0);
    expect(await page.title()).not.toContain('pwned');
    await expectAccessible(page);
  });
});

describe('GW-01: capture', () => {
  it('listens for the next request and shows it as a sample', async () => {
    const trigger = await made('Listened');
    const page = await browser.visit(app.screen(`triggers/${trigger.id}/capture`));
    await page.getByRole('button', { name: 'Listen' }).press('Enter');
    await page.getByText('Listening until').waitFor();
    expect(await fire(trigger, '{"order": 42}')).toBe(202);
    await page.getByText('Caught:').waitFor();
    expect(await valueOf(page, 'What the flow sees')).toContain('"order": 42');
    await expectAccessible(page);
  });

  it('a line of 900 KB is shown in part until all of it is wanted', async () => {
    const trigger = await made('Long');
    const page = await browser.visit(app.screen(`triggers/${trigger.id}/capture`));
    await page.getByRole('button', { name: 'Listen' }).press('Enter');
    await page.getByText('Listening until').waitFor();
    expect(await fire(trigger, JSON.stringify({ line: 'x'.repeat(900_000) }))).toBe(202);
    await page.getByText('Caught:').waitFor();
    const seen = page.getByRole('region', { name: 'What the flow sees', exact: true });
    expect((await seen.innerText()).length).toBeLessThan(70_000);
    await page
      .getByRole('button', { name: /^Show all/ })
      .first()
      .click();
    await expect.poll(async () => ((await seen.textContent()) ?? '').length).toBeGreaterThan(900_000);
  });
});

describe('CO-01: a webhook is changed, turned off and deleted', () => {
  it('two people change it: the second is told, keeps what was typed, and may save anyway', async () => {
    const trigger = await made('Contested');
    const page = await browser.visit(app.screen(`triggers/${trigger.id}/settings`));
    await page.getByLabel('Name').fill('Mine');
    await app.call('PATCH', `/v1/triggers/${trigger.id}`, { name: 'Theirs' });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Somebody else changed this webhook').waitFor();
    const difference = page.getByRole('region', { name: 'Theirs against yours' });
    await expect
      .poll(() => difference.textContent())
      .toMatch(/− removed: +"name": "Theirs".*\+ added: +"name": "Mine"/s);
    await expect.poll(() => page.getByLabel('Name').inputValue()).toBe('Mine');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Save anyway' }).click();
    await page.getByRole('heading', { name: 'Mine' }).waitFor();
    await page.getByRole('button', { name: 'Turn off' }).click();
    await page.getByText('off: callers get 404').waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL(/\/triggers$/);
    expect(
      (
        await fetch(`${product.url()}/v1/triggers/${trigger.id}`, {
          headers: { authorization: `Bearer ${product.token()}` },
        })
      ).status,
    ).toBe(404);
  });

  it('the list is gone through by the keyboard, and its filter stands in the address', async () => {
    await made('Needle');
    const page = await browser.visit(app.screen('triggers'));
    await page.getByRole('gridcell', { name: 'Needle' }).waitFor();
    await expectAccessible(page);
    await page.getByLabel('Name').fill('needle');
    await page.waitForURL(/q=needle/);
    await page.getByRole('button', { name: 'Save this filter' }).press('Enter');
    await page.getByLabel('Name of the filter').fill('mine');
    await page.keyboard.press('Enter');
    await page.getByLabel('Name', { exact: true }).fill('');
    await page.getByLabel('Saved filters').selectOption('mine');
    await page.waitForURL(/q=needle/);
    await expectAccessible(page);
    await page.getByRole('row').nth(1).focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Needle' }).waitFor();
  });
});
