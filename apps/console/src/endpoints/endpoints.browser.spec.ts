import { type RecordingReceiver, recordingReceiver } from '@sluice/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectAccessible, product, TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { publishEvent } from '../testing/events.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: RecordingReceiver;
beforeAll(async () => {
  [app, receiver] = await Promise.all([TestApp.make('endpoints'), recordingReceiver()]);
});
beforeEach(() => {
  receiver.clear();
  receiver.respond({ status: 200, body: 'thanks' });
});
afterAll(() => receiver?.close());

interface Made {
  id: number;
}
const endpoint = (name: string, more: object = {}): Promise<Made> =>
  app.call('POST', '/v1/endpoints', { kind: 'event', name, url: `${receiver.url}/hook`, events: ['order.*'], ...more });
const publish = (type: string, data: unknown): Promise<void> => publishEvent(app, type, data);
const verdict = (page: Page) => page.getByRole('status', { name: 'Verdict of the test' });

describe('outbound webhooks', () => {
  it('LU-01: Webhooks, Add webhook, choose the type, any number of custom headers, Save', async () => {
    const page = await browser.visit(app.screen('endpoints'));
    await page.getByRole('link', { name: 'Add webhook' }).first().click();
    const types = ['Provisioning', 'Deprovisioning', 'Request validation', 'Pre-approval', 'SIEM'];
    for (const name of types) await page.getByRole('radio', { name: new RegExp(`^${name}`) }).waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Grant');
    await page.getByRole('radio', { name: /^Provisioning/ }).click();
    await page.waitForURL(/type=PROVISION/);
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Grant');
    await page.getByLabel('Endpoint URL').fill(`${receiver.url}/grant`);
    for (const n of [1, 2]) {
      await page.getByRole('button', { name: 'Add a header' }).click();
      await page.getByLabel(`Header ${n}: name`).fill(`X-Mine-${n}`);
      await page.getByLabel(`Header ${n}: value`).fill(`v${n}`);
    }
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Grant' }).waitFor();
    await page.getByText('X-Mine-1, X-Mine-2').waitFor();
    const { items } = await app.call<{ items: object[] }>('GET', '/v1/endpoints?q=Grant');
    expect(items).toMatchObject([{ kind: 'inline', hookType: 'PROVISION', name: 'Grant' }]);
  });

  it('LU-03: Test webhook before saving says success, or which of URL, headers and format is at fault', async () => {
    const page = await browser.visit(app.screen('endpoints/new?type=REQUEST_VALIDATION'));
    await page.getByLabel('Endpoint URL').fill(`${receiver.url}/validate`);
    const test = async (answer: { status: number; body: string }): Promise<void> => {
      receiver.respond(answer);
      await page.getByRole('button', { name: 'Test webhook' }).click();
    };
    await test({ status: 200, body: '{"response": {"valid": true}}' });
    await verdict(page).getByText('Success').waitFor();
    await test({ status: 401, body: '' });
    await verdict(page).getByText('Headers or credentials').waitFor();
    await test({ status: 200, body: 'no json' });
    await verdict(page).getByText('Format of the response').waitFor();
    await page.getByLabel('Endpoint URL').fill('http://169.254.169.254/latest');
    await page.getByRole('button', { name: 'Test webhook' }).click();
    await verdict(page).getByText('URL: the host').waitFor();
    await expectAccessible(page);
    const { items } = await app.call<{ items: object[] }>('GET', '/v1/endpoints?q=validate');
    expect(items).toEqual([]);
  });

  it('ET-02: the form has all fields, shows what the server refuses at the field, and loses nothing typed', async () => {
    const page = await browser.visit(app.screen('endpoints/new'));
    await page.getByLabel('Name', { exact: true }).fill('All fields');
    await page.getByLabel('Description').fill('of Etlworks');
    await page.getByLabel('Endpoint URL').fill('ftp://example.org');
    await page.getByLabel('All events').uncheck();
    await page.getByLabel('Event types').fill('order.*');
    await page.getByLabel('Filter').fill('event.data.n > 1');
    await page.getByLabel('Method').selectOption('GET');
    await page.getByLabel('Content type').selectOption('application/x-www-form-urlencoded');
    await page.getByLabel('Include the entity').uncheck();
    await page.getByLabel('Secret').fill('hush');
    await page.getByLabel('User').fill('ada');
    await page.getByLabel('Password').fill('p4ss');
    await page.getByLabel('Retry schedule').fill('PT0S, PT7S');
    await page.getByLabel('Requests a second').fill('5');
    await page.getByLabel('Order').fill('event.subject');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('/url').waitFor();
    await expect.poll(() => page.getByLabel('Endpoint URL').getAttribute('aria-invalid')).toBe('true');
    await expect.poll(() => page.getByLabel('Retry schedule').inputValue()).toBe('PT0S, PT7S');
    await page.getByLabel('Endpoint URL').fill(`${receiver.url}/all`);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'All fields' }).waitFor();
    const { items } = await app.call<{ items: object[] }>('GET', '/v1/endpoints?q=All fields');
    expect(items).toMatchObject([
      {
        description: 'of Etlworks',
        method: 'GET',
        contentType: 'application/x-www-form-urlencoded',
        includeEntity: false,
        events: ['order.*'],
        basicUser: 'ada',
        filter: 'event.data.n > 1',
        retry: { schedule: ['PT0S', 'PT7S'] },
        rateLimit: 5,
        ordering: 'event.subject',
      },
    ]);
  });

  it('ET-09: View events lists the last events, each opens to request and response; failed attempts show why', async () => {
    const { id } = await endpoint('Viewed', { events: ['seen.*'], retry: { schedule: ['PT0S'] }, secret: 'hush' });
    await publish('seen.good', { text: '<script>alert(1)</script>' });
    await receiver.waitFor(1);
    const page = await browser.visit(app.screen(`endpoints/${id}`));
    await page.getByRole('button', { name: /Open seen\.good/ }).click();
    await page.getByRole('region', { name: 'Request body' }).getByText('<script>alert(1)</script>').waitFor();
    await page.getByRole('region', { name: 'Request headers' }).getByText('x-etl-webhook-signature').waitFor();
    await page.getByRole('region', { name: 'Response body' }).getByText('thanks').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: /Close seen\.good/ }).click();
    receiver.respond({ status: 503, body: 'closed' });
    await publish('seen.bad', {});
    await page.getByText('1 attempt, status 503').waitFor();
    await page.getByRole('button', { name: /Open seen\.bad/ }).click();
    await page.getByRole('region', { name: 'Response body' }).getByText('closed').waitFor();
    expect(
      await page
        .locator('ul > li')
        .filter({ hasText: /seen\.(good|bad)/ })
        .count(),
    ).toBe(2);
  });

  it('ET-01: who is no administrator is offered nothing to add or change, and the API refuses as well', async () => {
    const { id } = await endpoint('Not theirs');
    const account = { email: `viewer-${app.id}@example.org`, password: 'correct horse battery' };
    await app.call('POST', '/v1/users', { ...account, name: 'Vi', roles: [{ appId: app.id, role: 'editor' }] });
    const page = await browser.visit(app.screen('endpoints'), { as: account });
    await page.getByRole('row', { name: /Not theirs/ }).waitFor();
    expect(await page.getByRole('link', { name: 'Add webhook' }).count()).toBe(0);
    await page.getByRole('row', { name: /Not theirs/ }).click();
    await page.getByRole('heading', { name: 'Not theirs' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    for (const name of ['Disable', 'Rotate secret', 'Delete'])
      expect(await page.getByRole('button', { name }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Change' }).count()).toBe(0);
    const statuses = await page.evaluate(
      async ([url, appId, endpointId]) => {
        const headers = { 'x-sluice-csrf': '1', 'x-sluice-app': String(appId), 'content-type': 'application/json' };
        const ask = async (method: string, path: string): Promise<number> =>
          (await fetch(`${url}${path}`, { method, headers, body: '{"kind":"event"}' })).status;
        return [await ask('POST', '/v1/endpoints'), await ask('PATCH', `/v1/endpoints/${endpointId}`)];
      },
      [product.url(), app.id, String(id)],
    );
    expect(statuses).toEqual([403, 403]);
    // The form by its address shows the refusal, and is of no use.
    await page.goto(app.screen('endpoints/new'));
    await page.getByLabel('Name', { exact: true }).fill('x');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('forbidden').waitFor();
  });

  it('DL-05: pause keeps, resume sends; disable asks first; the secret is rotated with an overlap and shown once', async () => {
    const { id } = await endpoint('Controlled', { events: ['held.*'], secret: 'first' });
    const page = await browser.visit(app.screen(`endpoints/${id}`));
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText(/paused by/).waitFor();
    await publish('held.one', {});
    await page.getByText('0 attempts, under way').waitFor();
    expect(receiver.requests).toEqual([]);
    await page.getByRole('button', { name: 'Resume' }).click();
    await receiver.waitFor(1);
    await page.getByRole('button', { name: 'Rotate secret' }).click();
    await page.getByRole('button', { name: 'Rotate', exact: true }).click();
    const secret = await page.getByRole('region', { name: 'New secret' }).textContent();
    expect(secret).toMatch(/^whsec_/);
    await page.getByRole('button', { name: 'I have stored it' }).click();
    await page.getByText('An earlier secret signs as well').waitFor();
    expect(await page.content()).not.toContain(secret);
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('button', { name: 'Enable' }).waitFor();
    await expect.poll(() => app.call('GET', `/v1/endpoints/${id}`)).toMatchObject({ enabled: false });
  });

  it('two people change one: the second is told, keeps what they typed, and takes the rest over', async () => {
    const { id } = await endpoint('Contested');
    const page = await browser.visit(app.screen(`endpoints/${id}/edit`));
    await page.getByLabel('Description').fill('mine');
    await app.call('PATCH', `/v1/endpoints/${id}`, { name: 'Theirs' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').waitFor();
    const difference = page.getByRole('region', { name: 'Theirs against yours' });
    await expect
      .poll(() => difference.textContent())
      .toMatch(/− removed: +"name": "Theirs".*\+ added: +"name": "Contested".*\+ added: +"description": "mine"/s);
    await expectAccessible(page);
    await page.getByRole('button', { name: /Take their version/ }).click();
    await page.waitForFunction(() => [...document.querySelectorAll('input')].some((each) => each.value === 'Theirs'));
    await expect.poll(() => page.getByLabel('Description').inputValue()).toBe('mine');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Theirs' }).waitFor();
    await expect
      .poll(() => app.call('GET', `/v1/endpoints/${id}`))
      .toMatchObject({ name: 'Theirs', description: 'mine' });
  });

  it('two people change one: the second sees what differs, and saves over it all the same', async () => {
    const { id } = await endpoint('Twice');
    const page = await browser.visit(app.screen(`endpoints/${id}/edit`));
    await page.getByLabel('Name', { exact: true }).fill('Mine');
    await app.call('PATCH', `/v1/endpoints/${id}`, { name: 'Theirs' });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('button', { name: 'Save mine over theirs' }).click();
    await page.getByRole('heading', { name: 'Mine' }).waitFor();
    await expect.poll(() => app.call('GET', `/v1/endpoints/${id}`)).toMatchObject({ name: 'Mine' });
  });

  it('CO-02: an endpoint is made and tested by keyboard alone', async () => {
    const page = await browser.visit(app.screen('endpoints'));
    const link = page.getByRole('link', { name: 'Add webhook' }).first();
    await link.waitFor();
    const tabTo = async (isThere: () => Promise<boolean>): Promise<void> => {
      for (let presses = 0; presses < 80; presses++) {
        if (await isThere()) return;
        await page.keyboard.press('Tab');
      }
      throw new Error('the keyboard does not reach it');
    };
    const focused = (name: string) => (): Promise<boolean> =>
      page.evaluate((wanted) => {
        const active = document.activeElement as HTMLInputElement | null;
        const label = active?.labels?.[0]?.textContent ?? active?.textContent ?? '';
        return label.trim().startsWith(wanted) && active !== document.body;
      }, name);
    await tabTo(focused('Add webhook'));
    await page.keyboard.press('Enter');
    await page.getByLabel('Name', { exact: true }).waitFor();
    await tabTo(focused('Name'));
    await page.keyboard.type('By keyboard');
    await tabTo(focused('Endpoint URL'));
    await page.keyboard.type(`${receiver.url}/keys`);
    await tabTo(focused('Test webhook'));
    await page.keyboard.press('Enter');
    await verdict(page).getByText('Success').waitFor();
    await tabTo(focused('Save'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'By keyboard' }).waitFor();
    expect(receiver.requests.map((each) => each.path)).toEqual(['/keys']);
  });

  it('CO-02: list, form and endpoint are accessible in both schemes, and fit a phone', async () => {
    const { id } = await endpoint('Plain');
    for (const screen of ['endpoints', 'endpoints/new', `endpoints/${id}`]) {
      const page = await browser.visit(app.screen(screen), { viewport: { width: 390, height: 800 } });
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page
        .getByText(/Plain|Where it goes/)
        .first()
        .waitFor();
      await expectAccessible(page);
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      expect([screen, isWide]).toEqual([screen, false]);
    }
  });
});
