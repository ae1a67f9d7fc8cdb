import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, TestApp, useBrowser } from '../testing/browser.fixture.ts';

interface Flow {
  id: string;
  name: string;
  status: string;
  version: number;
  publishedVersion: number | null;
  steps: { ref: string; type: string }[];
}

const set = (ref: string, values: object = {}) => ({ ref, type: 'set', values });

describe('flows in the console', () => {
  const browser = useBrowser();
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.make('flows');
  });

  const made = (name: string, ...steps: object[]): Promise<Flow> => app.call('POST', '/v1/flows', { name, steps });
  const now = (flow: Flow): Promise<Flow> => app.call('GET', `/v1/flows/${flow.id}`);
  const opened = async (flow: Flow, more = ''): Promise<Page> => {
    const page = await browser.visit(app.screen(`flows/${flow.id}${more}`));
    await page.getByRole('heading', { level: 1, name: flow.name }).waitFor();
    return page;
  };
  const gap = (block: string, index: number): string => `[data-gap="${block}#${index}"]`;
  const refsIn = (page: Page): Promise<string[]> =>
    page.locator('[data-step]').evaluateAll((nodes) => nodes.map((node) => (node as HTMLElement).dataset.step ?? ''));
  const saved = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('not saved').waitFor({ state: 'detached' });
  };

  it('LC-16: the Webhook Helper is dragged to the first place; anywhere else, or twice, it is refused visibly', async () => {
    const flow = await made('Dragged', set('a'), set('b'));
    const page = await opened(flow);
    const helper = page.getByRole('button', { name: 'Webhook Helper' });
    await helper.dragTo(page.locator(gap('/steps', 1)));
    await page.getByRole('alert').getByText('A webhook step must be the first step of the flow.').waitFor();
    expect(await refsIn(page)).toEqual(['a', 'b']);
    await helper.dragTo(page.locator(gap('/steps', 0)));
    await page.locator('[data-step="web"]').waitFor();
    expect(await refsIn(page)).toEqual(['web', 'a', 'b']);
    await helper.dragTo(page.locator(gap('/steps', 0)));
    await page.getByRole('alert').getByText('The flow has a webhook step already').waitFor();
    await page.locator('[data-step="b"]').dragTo(page.locator(gap('/steps', 1)));
    await expect.poll(() => refsIn(page)).toEqual(['web', 'b', 'a']);
    await saved(page);
    expect((await now(flow)).steps.map(({ ref }) => ref)).toEqual(['web', 'b', 'a']);
    await expectAccessible(page);
  });

  it('LC-16: the box "Edit settings" has the URL and the token of the webhook step, at any time', async () => {
    const page = await opened(await made('Told', { ref: 'web', type: 'webhook' }));
    await page.getByRole('button', { name: 'Edit settings' }).click();
    await page.getByRole('button', { name: 'Make URL and token' }).click();
    await page.getByRole('button', { name: 'Show URL and token' }).click();
    const url = await page.getByRole('region', { name: 'URL', exact: true }).textContent();
    const token = await page.getByRole('region', { name: 'Token', exact: true }).textContent();
    await expectAccessible(page);
    const answer = await fetch(url ?? '', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    expect([answer.status, url]).toEqual([200, expect.stringContaining('/v1/flow-webhook/')]);
  });

  it('FL-08: a flow gets a schedule in its settings, and hostile names are text on a telephone too', async () => {
    const name = '<img src=x onerror=alert(1)>';
    const flow = await made(name, set('a', { html: '<script>alert(2)</script> \u202eevil' }));
    const page = await browser.visit(app.screen(`flows/${flow.id}`), { viewport: { width: 390, height: 800 } });
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    await page.getByRole('button', { name: 'Edit settings' }).click();
    await page.getByRole('button', { name: 'Add a schedule' }).click();
    await page.getByRole('textbox', { name: /cron/ }).fill('*/5 * * * *');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Apply' }).click();
    await saved(page);
    expect(await now(flow)).toMatchObject({ schedules: [{ cron: '*/5 * * * *', timeZone: 'Europe/Berlin' }] });
    await expectAccessible(page);
  });

  it('FL-08: a flow tells when the clock runs it next, and nothing while it is paused', async () => {
    const schedules = [{ cron: '0 9 * * *', timeZone: 'Europe/Berlin' }];
    const daily = { name: 'Daily', status: 'active', steps: [set('a')], schedules };
    const flow = await app.call<Flow>('POST', '/v1/flows', daily);
    const next = async (): Promise<string | null | undefined> =>
      (await app.call<{ items: { nextAt: string }[] }>('GET', `/v1/schedules?flowId=${flow.id}`)).items[0]?.nextAt;
    await expect.poll(next, { timeout: 20_000 }).toEqual(expect.any(String));
    const page = await opened(flow);
    const told = page.getByText('next run').getByRole('time');
    expect(await told.getAttribute('datetime')).toBe(await next());
    await expectAccessible(page);
    await app.call('PATCH', `/v1/flows/${flow.id}`, { status: 'paused' });
    await page.reload();
    await page.getByText('paused', { exact: true }).first().waitFor();
    expect(await told.count()).toBe(0);
  });

  it('LC-02: a webhook step that is written elsewhere is told while it is written, and is not saved', async () => {
    const flow = await made('Written', set('a'));
    const page = await opened(flow);
    const text = page.getByRole('textbox', { name: 'The flow as text' });
    await text.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('  - ref: late\n    type: webhook\n  - ref: b\n    type: delai\n    for: PT1S\n');
    await page.locator('[data-step="late"]').waitFor();
    const problems = page.getByRole('status', { name: 'Problems of the flow' });
    await problems.getByText(/first step/).waitFor();
    await problems.getByText(/did you mean "delay"/).waitFor();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page
      .getByRole('alert')
      .getByText(/first step/)
      .first()
      .waitFor();
    expect((await now(flow)).steps).toHaveLength(1);
  });

  it('CO-01: what is written and what is drawn are one flow, and the text is completed from the schema', async () => {
    const page = await opened(await made('Both', set('a')));
    const text = page.getByRole('textbox', { name: 'The flow as text' });
    await text.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('  - ref: wait\n');
    await page.keyboard.type('    ty');
    await page.getByRole('option', { name: /^type/ }).click();
    await page.keyboard.type('del');
    await page.getByRole('option', { name: /^delay/ }).click();
    await page.locator('[data-step="wait"]').click();
    await page.getByRole('textbox', { name: /^for/ }).fill('PT5S');
    await expect.poll(() => text.textContent()).toContain('for: PT5S');
    await text.click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.insertText('steps: [');
    await page.getByText('The text cannot be read').waitFor();
    expect(await refsIn(page)).toEqual(['a', 'wait']);
    await page.getByRole('combobox', { name: 'Text' }).selectOption('json');
    expect(new URL(page.url()).searchParams.get('format')).toBe('json');
  });

  it('CO-01: a draft is tested with outputs beside its steps, and one step alone', async () => {
    const flow = await made('Tested', set('a', { n: '{{ trigger.body.n }}' }), set('b', { twice: '{{ a.n * 2 }}' }));
    const page = await opened(flow);
    await page.getByRole('textbox', { name: 'Input' }).fill('{"n": 21}');
    await page.getByRole('button', { name: 'Run the draft' }).click();
    const given = page.getByRole('group', { name: 'What the test gave' });
    await given.getByText('succeeded').waitFor();
    await expect.poll(() => given.getByRole('region', { name: 'b: output' }).textContent()).toContain('42');
    await page.locator('[data-step="b"]').click();
    await page.getByRole('textbox', { name: /^values/ }).fill('{"thrice": "{{ a.n * 3 }}"}');
    await page.getByRole('button', { name: 'Test this step alone' }).click();
    await expect.poll(() => given.getByRole('region', { name: 'b: output' }).textContent()).toContain('63');
    await page.locator('[data-step="a"][data-outcome="given"]').waitFor();
    expect((await now(flow)).publishedVersion).toBeNull();
    await page.getByRole('textbox', { name: 'Input' }).fill('{}');
    await page.getByRole('button', { name: 'Take the input of the last run' }).click();
    await expect.poll(() => page.getByRole('textbox', { name: 'Input' }).inputValue()).toContain('21');
    await expectAccessible(page);
  });

  it('CO-01: a captured request is the input of tests, and stays it once it is pinned', async () => {
    const flow = await made('Sampled', set('a'));
    const trigger = await app.call<{ id: string; url: string }>('POST', '/v1/triggers', {
      flowId: flow.id,
      name: 'Sender',
      auth: { type: 'none' },
    });
    const path = `/v1/triggers/${trigger.id}/capture`;
    const { id } = await app.call<{ id: string }>('POST', path, { duration: 'PT5M' });
    const headers = { 'content-type': 'application/json' };
    await fetch(trigger.url, { method: 'POST', headers, body: '{"really": "sent"}' });
    await app.call('GET', `${path}?id=${id}&wait=30s`);
    const page = await opened(flow);
    const input = page.getByRole('textbox', { name: 'Input' });
    await page.getByRole('button', { name: 'Take the captured request' }).click();
    await expect.poll(() => input.inputValue()).toContain('"really": "sent"');
    await page.getByRole('button', { name: 'Pin this input' }).click();
    await page.getByRole('button', { name: 'Unpin this input' }).waitFor();
    await page.reload();
    await expect.poll(() => input.inputValue()).toContain('"really": "sent"');
    await page.getByRole('button', { name: 'Unpin this input' }).click();
    await page.reload();
    await expect.poll(() => input.inputValue()).toBe('{}');
  });

  it('CO-01: when somebody else has saved it, the difference is shown and nothing that was written is lost', async () => {
    const flow = await made('Shared', set('a'));
    const page = await opened(flow);
    await page.locator('[data-step="a"]').click();
    await page.getByRole('textbox', { name: /^ref/ }).fill('mine');
    await app.call('PATCH', `/v1/flows/${flow.id}`, { steps: [set('theirs')] });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Somebody else has saved this flow' });
    const difference = await dialog.getByRole('region', { name: 'Theirs against yours' }).textContent();
    expect(difference).toMatch(/− removed: +- ref: theirs\n.*\+ added: +- ref: mine/s);
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Go on editing' }).click();
    expect(await refsIn(page)).toEqual(['mine']);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByRole('button', { name: 'Save mine over theirs' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect((await now(flow)).steps.map(({ ref }) => ref)).toEqual(['mine']);
  });

  it('RG-04: versions are compared, and an older one runs again', async () => {
    const flow = await made('Versioned', set('a', { n: 1 }));
    await app.call('POST', `/v1/flows/${flow.id}/publish`);
    await app.call('PATCH', `/v1/flows/${flow.id}`, { steps: [set('a', { n: 2 })] });
    await app.call('POST', `/v1/flows/${flow.id}/publish`);
    const page = await browser.visit(app.screen(`flows/${flow.id}/versions?from=1&to=2`));
    const difference = page.getByRole('region', { name: 'Version 2 against version 1' });
    await expect.poll(() => difference.textContent()).toMatch(/removed: +n: 1\n.*added: +n: 2/s);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Publish version 1' }).click();
    await page.getByRole('button', { name: 'Publish version 2' }).waitFor();
    expect((await now(flow)).publishedVersion).toBe(1);
  });

  it('CO-02: a flow is begun from an example, built, tested and published by keyboard alone', async () => {
    const page = await browser.visit(app.screen('flows'));
    const press = async (name: string): Promise<void> => {
      await page.getByRole('button', { name, exact: true }).focus();
      await page.keyboard.press('Enter');
    };
    await page.getByRole('grid', { name: 'Flows' }).waitFor();
    await expectAccessible(page);
    await press('New flow …');
    await page.getByRole('textbox', { name: 'Name' }).focus();
    await page.keyboard.type('By keys');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'By keys' }).waitFor();
    await press('Insert after web');
    await press('set');
    await page.locator('[data-step="set"][aria-pressed="true"]').waitFor();
    await page.getByRole('textbox', { name: /^values/ }).focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('{"said": "Hello {{ web.name }}"}');
    await press('emit');
    await page.locator('[data-step="emit"]').focus();
    await page.keyboard.press('Alt+ArrowUp');
    await expect.poll(() => refsIn(page)).toEqual(['web', 'emit', 'set']);
    await page.locator('[data-step="emit"]').focus();
    await page.keyboard.press('Delete');
    await expect.poll(() => refsIn(page)).toEqual(['web', 'set']);
    await press('Save and publish');
    await page.getByText('version 2 runs').waitFor();
    const flows = await app.call<{ items: Flow[] }>('GET', '/v1/flows?q=By keys');
    expect(flows.items[0]).toMatchObject({ status: 'active', publishedVersion: 2 });
    expect((await now(flows.items[0] as Flow)).steps[1]).toMatchObject({ values: { said: 'Hello {{ web.name }}' } });
    await press('Pause');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
  });
});
