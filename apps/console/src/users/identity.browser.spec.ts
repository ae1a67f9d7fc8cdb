import { beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, product, TestApp, useBrowser } from '../testing/browser.fixture.ts';

const browser = useBrowser();
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.make('identity');
});

const PASSWORD = 'correct horse battery';
let people = 0;

async function person(role: string): Promise<{ email: string; password: string }> {
  const email = `pat${++people}.${Date.now().toString(36)}@example.org`;
  const roles = [{ appId: app.id, role }];
  await app.call('POST', '/v1/users', { email, name: 'Pat', password: PASSWORD, roles });
  return { email, password: PASSWORD };
}

describe('CO-01: users and roles', () => {
  it('an administrator makes a user, who signs in and sees what the role allows', async () => {
    const page = await browser.visit(`${product.url()}/console/users`);
    await page.getByRole('button', { name: 'New user' }).click();
    const email = `new.${Date.now().toString(36)}@example.org`;
    await page.getByLabel('E-mail', { exact: true }).fill(email);
    await page.getByLabel('Name', { exact: true }).fill('Newcomer');
    await page.getByLabel('Password').fill('short');
    await page.getByLabel('in app 1').selectOption(app.id);
    await page.getByRole('button', { name: 'Create user' }).click();
    await page.getByRole('alert').getByText('invalid_request').waitFor();
    await expectAccessible(page);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create user' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByLabel('Name or e-mail').fill(email);
    await page.getByRole('gridcell', { name: email, exact: true }).waitFor();
    await expectAccessible(page);

    const theirs = await browser.visit(app.screen('triggers'), { as: { email, password: PASSWORD } });
    await theirs.getByRole('heading', { name: 'No webhook yet' }).waitFor();
    expect(await theirs.getByRole('link', { name: 'New webhook' }).count()).toBe(0);
    expect(await theirs.getByRole('link', { name: 'Secrets' }).count()).toBe(0);
    expect(await theirs.getByRole('link', { name: 'Users' }).count()).toBe(0);
    const refused = await theirs.evaluate(async (id) => {
      const headers = { 'content-type': 'application/json', 'x-sluice-app': id };
      return (await fetch('/v1/secrets/x', { method: 'PUT', headers, body: '{"value":"y"}' })).status;
    }, app.id);
    expect(refused).toBe(403);
  });
});

describe('CO-01: tokens', () => {
  it('LC-08: a personal token is shown once, works, is regenerated and revoked', async () => {
    const user = await person('viewer');
    const page = await browser.visit(`${product.url()}/console/account`, { as: user });
    await page.getByRole('button', { name: 'New personal token' }).click();
    await page.getByLabel('What it is for').fill('laptop');
    await page.getByRole('button', { name: 'Create token' }).click();
    const shown = page.getByRole('region', { name: 'Token', exact: true });
    await shown.waitFor();
    await expectAccessible(page);
    const authorization = `Bearer ${await shown.innerText()}`;
    await page.getByRole('button', { name: 'I have copied it' }).click();
    const read = async (authorization: string): Promise<number> =>
      (await fetch(`${product.url()}/v1/flows`, { headers: { authorization, 'x-sluice-app': app.id } })).status;
    expect(await read(authorization)).toBe(200);
    await page.reload();
    await page.getByRole('button', { name: 'Regenerate laptop' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Regenerate' }).click();
    await shown.waitFor();
    const renewed = `Bearer ${await shown.innerText()}`;
    await page.getByRole('button', { name: 'I have copied it' }).click();
    expect([renewed === authorization, await read(renewed)]).toEqual([false, 200]);
    await expect.poll(() => read(authorization), { timeout: 30_000 }).toBe(401);
    await page.getByRole('button', { name: 'Revoke laptop' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('No personal token yet').waitFor();
    expect(await page.content()).not.toContain(authorization.slice(7));
    await expectAccessible(page);
  });

  it("an app's tokens are its administrator's", async () => {
    const page = await browser.visit(app.screen('tokens'));
    await page.getByRole('button', { name: 'New app token' }).click();
    await page.getByLabel('What it is for').fill('ci');
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('gridcell', { name: 'ci', exact: true }).waitFor();
    await expectAccessible(page);
  });
});

describe('CO-01: secrets, apps, history, settings', () => {
  it('a secret is saved and replaced, its value is nowhere, and its history says who', async () => {
    const page = await browser.visit(app.screen('secrets'));
    await page.getByRole('button', { name: 'New secret' }).click();
    await page.getByLabel('Name', { exact: true }).fill('api_key');
    await page.getByLabel('Value').fill('very-secret-value');
    await page.getByRole('button', { name: 'Save secret' }).click();
    await page.getByRole('gridcell', { name: 'api_key', exact: true }).waitFor();
    expect(await page.content()).not.toContain('very-secret-value');
    await expectAccessible(page);
    await page.getByRole('gridcell').getByRole('link', { name: 'History' }).click();
    await page.getByText('Administrator').first().waitFor();
    expect(await page.content()).not.toContain('very-secret-value');
    await expectAccessible(page);
  });

  it('RG-01: who was slower sees that, and what differs, of a user, a name and a secret; nothing typed is lost', async () => {
    const { email, password } = await person('viewer');
    const users = await browser.visit(`${product.url()}/console/users?q=${encodeURIComponent(email)}`);
    await users.getByRole('button', { name: `Change ${email}` }).click();
    const form = users.getByRole('dialog');
    await form.getByLabel('Name', { exact: true }).fill('Mine');
    const { items } = await app.call<{ items: { id: string }[] }>('GET', `/v1/users?q=${encodeURIComponent(email)}`);
    const id = items[0]?.id ?? '';
    await app.call('PATCH', `/v1/users/${id}`, { name: 'Theirs' });
    await form.getByRole('button', { name: 'Save user' }).click();
    const difference = users.getByRole('region', { name: 'Theirs against yours' });
    expect(await difference.textContent()).toMatch(/removed:.*"Theirs".*added:.*"Mine"/s);
    await expectAccessible(users);
    expect(await form.getByLabel('Name', { exact: true }).inputValue()).toBe('Mine');
    await form.getByRole('button', { name: 'Save mine over theirs' }).click();
    await form.waitFor({ state: 'detached' });
    expect(await app.call('GET', `/v1/users/${id}`)).toMatchObject({ name: 'Mine' });

    const own = await browser.visit(`${product.url()}/console/account`, { as: { email, password } });
    await own.getByRole('textbox', { name: 'Name' }).fill('Own');
    await app.call('PATCH', `/v1/users/${id}`, { name: 'Given' });
    await own.getByRole('button', { name: 'Save name' }).click();
    expect(await own.getByRole('region', { name: 'Theirs against yours' }).textContent()).toContain('"Given"');
    await own.getByRole('button', { name: 'Save mine over theirs' }).click();
    await own.getByText('Your name is saved.').waitFor();

    await app.call('PUT', '/v1/secrets/shared', { value: 'one' });
    const secrets = await browser.visit(app.screen('secrets'));
    await secrets.getByRole('button', { name: 'Replace shared' }).click();
    await secrets.getByLabel('Value').fill('mine');
    await app.call('PUT', '/v1/secrets/shared', { value: 'theirs' });
    await secrets.getByRole('button', { name: 'Save secret' }).click();
    await secrets.getByText('Somebody else has changed it').waitFor();
    await expectAccessible(secrets);
    await secrets.getByRole('button', { name: 'Save mine over theirs' }).click();
    await secrets.getByRole('dialog').waitFor({ state: 'detached' });
    await secrets.getByRole('button', { name: 'New secret' }).click();
    await secrets.getByLabel('Name', { exact: true }).fill('shared');
    await secrets.getByLabel('Value').fill('believed to be new');
    await secrets.getByRole('button', { name: 'Save secret' }).click();
    await secrets.getByRole('alert').getByText('it is there already').waitFor();
  });

  it('an app is made and gone to by the switcher; the settings say how the deployment is', async () => {
    const page = await browser.visit(`${product.url()}/console/apps`);
    const name = `Tenant ${Date.now().toString(36)}`;
    await page.getByRole('button', { name: 'New app' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill(name);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name }).waitFor();
    await expectAccessible(page);
    await page.getByRole('combobox', { name: 'App' }).selectOption({ label: name });
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByText('ready', { exact: true }).first().waitFor();
    await page.getByRole('radio', { name: 'Dark' }).check();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
    await page.getByRole('radio', { name: 'As the system' }).check();
    await expectAccessible(page);
  });
});
