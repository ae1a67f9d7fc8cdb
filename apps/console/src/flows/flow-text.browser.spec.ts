import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TestApp, useBrowser } from '../testing/browser.fixture.ts';

const browser = useBrowser();
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.make('flow text');
});

const textOf = (page: Page) => page.getByRole('textbox', { name: 'The flow as text' });
const made = async (name: string): Promise<string> => {
  const steps = [{ ref: 'a', type: 'set', values: { n: 1 } }];
  return (await app.call<{ id: string }>('POST', '/v1/flows', { name, steps })).id;
};
const opened = async (id: string, name: string): Promise<Page> => {
  const page = await browser.visit(app.screen(`flows/${id}`));
  await page.getByRole('heading', { level: 1, name }).waitFor();
  return page;
};

describe('CO-01: nothing that was written in a flow is lost', () => {
  it('comments stay when the picture changes the text, when it is saved, and when it is opened again', async () => {
    const page = await opened(await made('Commented'), 'Commented');
    await textOf(page).click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.insertText('# why it is here\n');
    await page.locator('[data-step="a"]').click();
    await page.getByRole('textbox', { name: /^ref/ }).fill('b');
    await expect.poll(() => textOf(page).textContent()).toContain('ref: b');
    await expect.poll(() => textOf(page).textContent()).toContain('# why it is here');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('not saved').waitFor({ state: 'detached' });
    await page.reload();
    await textOf(page).getByText('# why it is here').waitFor();
    await expect.poll(() => textOf(page).textContent()).toContain('ref: b');
  });

  it('who leaves with changes is asked: stays with all that was written, or leaves it behind', async () => {
    const page = await opened(await made('Left'), 'Left');
    await page.locator('[data-step="a"]').click();
    await page.getByRole('textbox', { name: /^ref/ }).fill('unsaved');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Runs' }).click();
    const asked = page.getByRole('dialog', { name: 'Leave without saving?' });
    await asked.waitFor();
    await page.keyboard.press('Enter');
    await asked.waitFor({ state: 'detached' });
    await expect.poll(() => page.getByRole('textbox', { name: /^ref/ }).inputValue()).toBe('unsaved');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Runs' }).click();
    await asked.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
  });

  it('a flow is begun from an example, and deleted only when that is confirmed', async () => {
    const page = await browser.visit(app.screen('flows'));
    await page.getByRole('button', { name: 'New flow …' }).first().click();
    const dialog = page.getByRole('dialog');
    const examples = dialog.getByLabel('Begin with');
    const [, example = ''] = await examples
      .locator('option')
      .evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value));
    await dialog.getByRole('textbox', { name: 'Name' }).fill('From an example');
    await examples.selectOption(example);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'From an example' }).waitFor();
    const id = new URL(page.url()).pathname.split('/').at(-1);
    expect(await page.locator('[data-step]').count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Delete …' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
    await app.call('GET', `/v1/flows/${id}`);
    await page.getByRole('button', { name: 'Delete …' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete the flow' }).click();
    await page.getByRole('heading', { level: 1, name: 'Flows' }).waitFor();
    await expect(app.call('GET', `/v1/flows/${id}`)).rejects.toThrow('404');
  });
});
