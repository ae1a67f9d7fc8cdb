import { type RecordingReceiver, recordingReceiver } from '@sluice/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isWhole, product, TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { BROKEN, FaultyProxy } from '../testing/faulty-proxy.fixture.ts';
import { addressIn, makeWorld, type World } from '../testing/world.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: RecordingReceiver;
let world: World;
beforeAll(async () => {
  [app, receiver] = await Promise.all([TestApp.make('faults'), recordingReceiver()]);
  world = await makeWorld(app, receiver.url);
});
afterAll(() => receiver?.close());

const AT_A_TIME = 6;
const PATIENCE_MS = 30_000;
/** They read nothing before somebody has filled them in. */
const READ_NOTHING: ReadonlySet<string> = new Set(['find by id', 'new endpoint', 'new event type']);

const PORTAL = 'the page of a customer';
async function portalAddress(): Promise<string> {
  const endpointIds = [world.screens.endpoint?.split('/').at(-1)];
  const wish = { endpointIds, permissions: ['view', 'manage', 'replay'] };
  const { url } = await app.call<{ url: string }>('POST', '/v1/portal-links', wish);
  return url.replace(/^https?:\/\/[^/]+/, product.url());
}

/** All at once, some at a time, each with its own faulty server; what went wrong by name. */
async function each(names: readonly string[], try_: (name: string, proxy: FaultyProxy, base: string) => Promise<void>) {
  const left = [...names];
  const wrong: string[] = [];
  const work = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const proxy = new FaultyProxy((asked) => /^\/(readyz|v1\/(?!sessions|tail))/.test(asked));
      await try_(name, proxy, await proxy.listen()).catch((error: Error) => wrong.push(`${name}: ${error.message}`));
      proxy.close();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return wrong;
}

const tryAgain = (page: Page) => page.getByRole('alert').getByRole('button', { name: 'Try again' }).first();

/** Slow, then broken, then gone, then well again: on one and the same page. */
async function suffer(page: Page, proxy: FaultyProxy): Promise<void> {
  const later = async (): Promise<number> => {
    await page.clock.fastForward(5_000);
    return page.getByText('takes longer than usual').count();
  };
  await expect.poll(later, { timeout: PATIENCE_MS }).toBeGreaterThan(0);
  proxy.turn('error');
  await page.getByRole('alert').getByText(BROKEN.requestId).first().waitFor();
  proxy.turn('cut');
  await tryAgain(page).click();
  await page.getByRole('alert').getByText('cannot be reached').first().waitFor();
  proxy.release();
  // Of some screens the parts are read one after another.
  const tried = async (): Promise<boolean> => {
    if ((await tryAgain(page).count()) > 0)
      await tryAgain(page)
        .click({ timeout: 1_000 })
        .catch(() => undefined);
    return isWhole(page);
  };
  await expect.poll(tried, { timeout: PATIENCE_MS }).toBe(true);
}

interface Typing {
  screen: string;
  /** The button that opens its dialog. */
  open?: string | RegExp;
  /** What is typed, by the labels of the fields. */
  fields: Readonly<Record<string, string>>;
  submit: string;
}

const PASSWORD = 'correct horse battery';
const stamp = Date.now().toString(36);
const FORMS: Readonly<Record<string, Typing>> = {
  'new flow': { screen: 'flows', open: 'New flow …', fields: { Name: 'Typed' }, submit: 'Create' },
  'new webhook': {
    screen: 'new trigger',
    fields: { Name: 'Typed' },
    submit: 'Create webhook',
  },
  'settings of a webhook': { screen: 'trigger settings', fields: { Name: 'Typed' }, submit: 'Save' },
  'new endpoint': {
    screen: 'new endpoint',
    fields: { Name: 'Typed', 'Endpoint URL': 'https://example.org/typed' },
    submit: 'Save',
  },
  endpoint: { screen: 'change endpoint', fields: { Name: 'Typed', Description: 'of a test' }, submit: 'Save' },
  'new event type': { screen: 'new event type', fields: { Name: `typed.${stamp}`, Description: 'x' }, submit: 'Save' },
  'event type': { screen: 'change event type', fields: { Description: 'Typed' }, submit: 'Save' },
  'test event': { screen: 'event type', fields: { Subject: 'typed' }, submit: 'Publish' },
  replay: { screen: 'new replay', fields: { 'Event types': 'world.nothing' }, submit: 'Replay' },
  decision: { screen: 'approvals', fields: { Comment: 'Typed' }, submit: 'Approve' },
  'new secret': { screen: 'secrets', open: 'New secret', fields: { Name: 'typed', Value: 'v' }, submit: 'Save secret' },
  secret: { screen: 'secrets', open: 'Replace key', fields: { Value: 'typed' }, submit: 'Save secret' },
  'app token': {
    screen: 'tokens',
    open: 'New app token',
    fields: { 'What it is for': 'typed' },
    submit: 'Create token',
  },
  app: { screen: 'apps', open: 'New app', fields: { Name: `Typed ${stamp}` }, submit: 'Create app' },
  'new user': {
    screen: 'users',
    open: 'New user',
    fields: { 'E-mail': `typed.${stamp}@example.org`, Name: 'Typed', Password: PASSWORD },
    submit: 'Create user',
  },
  'own name': { screen: 'account', fields: { Name: 'Typed' }, submit: 'Save name' },
  'own password': {
    screen: 'account',
    fields: { 'Present password': PASSWORD, 'New password': `${PASSWORD} anew` },
    submit: 'Change password',
  },
};

/** Somebody else than the administrator, whose name and password other tests need. */
async function somebody(): Promise<object> {
  const email = `faults.${crypto.randomUUID()}@example.org`;
  const roles = [{ appId: null, role: 'administrator' }];
  await app.call('POST', '/v1/users', { email, name: 'Pat', password: PASSWORD, roles });
  return { email, password: PASSWORD };
}

/** Sent to a server that is slow, then broken, then gone, then well again: what was typed is there all the time. */
async function submitAll(page: Page, proxy: FaultyProxy, { open, fields, submit }: Typing): Promise<void> {
  if (open !== undefined) await page.getByRole('button', { name: open }).first().click();
  const root = open === undefined ? page.getByRole('main') : page.getByRole('dialog');
  const at = (label: string) => root.locator('input, textarea').and(root.getByLabel(label)).first();
  for (const [label, text] of Object.entries(fields)) await at(label).fill(text);
  const isKept = async (): Promise<void> => {
    for (const [label, text] of Object.entries(fields))
      expect([label, await at(label).inputValue()]).toEqual([label, text]);
  };
  // A button that waits says so in its name.
  const button = root.getByRole('button', { name: submit }).first();
  proxy.fault = 'held';
  await button.click();
  const later = async (): Promise<number> => {
    await page.clock.fastForward(5_000);
    return button.getByText('takes longer than usual').count();
  };
  await expect.poll(later, { timeout: PATIENCE_MS }).toBe(1);
  await isKept();
  proxy.turn('error');
  await page.getByRole('alert').getByText(BROKEN.requestId).first().waitFor();
  await isKept();
  proxy.turn('cut');
  await button.click();
  await page.getByRole('alert').getByText('cannot be reached').first().waitFor();
  await isKept();
  proxy.release();
  await button.click();
  await expect.poll(() => page.getByRole('alert').count(), { timeout: PATIENCE_MS }).toBe(0);
}

describe('CO-02: a server that is slow, broken or gone', () => {
  it('every screen says so, offers to try again, and is whole when the server is', async () => {
    const screens = Object.keys({ ...world.screens, ...world.globals }).filter((name) => !READ_NOTHING.has(name));
    const names = [...screens, PORTAL];
    const wrong = await each(names, async (name, proxy, base) => {
      proxy.fault = 'held';
      const page = await browser.visit('about:blank');
      await page.clock.install();
      const address = name === PORTAL ? await portalAddress() : addressIn(app, world, name);
      await page.goto(address.replace(product.url(), base));
      await suffer(page, proxy);
      await page.close();
    });
    expect(wrong).toEqual([]);
  }, 300_000);

  it('no form loses what was typed, and it is sent once the server is well', async () => {
    const wrong = await each(Object.keys(FORMS), async (name, proxy, base) => {
      const form = FORMS[name] as Typing;
      const page = await browser.visit('about:blank', { as: await somebody() });
      await page.clock.install();
      await page.goto(addressIn(app, world, form.screen).replace(product.url(), base));
      await submitAll(page, proxy, form);
      await page.close();
    });
    expect(wrong).toEqual([]);
  }, 300_000);
});
