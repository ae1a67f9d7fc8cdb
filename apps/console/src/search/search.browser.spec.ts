import { beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { publishEvent } from '../testing/events.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let hook: string;
beforeAll(async () => {
  app = await TestApp.make('search');
  const steps = [{ ref: 'web', type: 'webhook' }];
  const flow = await app.call<{ id: string }>('POST', '/v1/flows', { name: 'Find me', status: 'active', steps });
  const trigger = { flowId: flow.id, name: 'In', profile: 'native', auth: { type: 'none' } };
  ({ url: hook } = await app.call<{ url: string }>('POST', '/v1/triggers', trigger));
});

async function fire(body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(hook, { method: 'POST', headers, body: JSON.stringify(body) });
  return ((await answer.json()) as { id: string }).id;
}

describe('LG-03: search and live tail', () => {
  it('text in a payload and a kind find what they should, stand in the address, and lead to the timeline', async () => {
    await fire({ customer: 'Zaphod Beeblebrox' });
    await publishEvent(app, 'search.other', { customer: 'Arthur' });
    const events = async () =>
      (await app.call<{ items: { title: string }[] }>('GET', '/v1/search?kinds=event')).items.map(({ title }) => title);
    await expect.poll(events, { timeout: 30_000 }).toContain('search.other');
    const page = await browser.visit(app.screen('search?q=zaphod+beeble'));
    const found = page.getByRole('grid', { name: 'Found' });
    // What was just accepted comes into the log a moment later.
    await expect
      .poll(
        async () => {
          await page.reload();
          await page.getByRole('heading', { level: 1, name: 'Search' }).waitFor();
          await page
            .getByText(/Nothing found|request/)
            .first()
            .waitFor();
          return found.getByRole('row', { name: /request/ }).count();
        },
        { timeout: 30_000 },
      )
      .toBe(1);
    expect(await found.getByText('search.other').count()).toBe(0);
    await page.getByRole('searchbox', { name: 'Text' }).press('Home');
    await page.keyboard.type('my ');
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('my zaphod beeble');
    await expect.poll(() => page.getByRole('searchbox', { name: 'Text' }).inputValue()).toBe('my zaphod beeble');
    await page.getByRole('searchbox', { name: 'Text' }).fill('');
    await page.getByLabel('Kind').selectOption('event');
    await found.getByText('search.other').waitFor();
    expect(new URL(page.url()).searchParams.get('kinds')).toBe('event');
    await expectAccessible(page);
    await found.getByRole('row', { name: /search\.other/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Timeline' }).waitFor();
  });

  it('what happens is shown while it happens; who pauses misses nothing', async () => {
    const page = await browser.visit(app.screen('live?kinds=event'));
    await page.getByRole('status').getByText('live', { exact: true }).waitFor();
    await publishEvent(app, 'live.first', {});
    const table = page.getByRole('grid', { name: 'Live' });
    await table.getByText('live.first').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('status').getByText('paused').waitFor();
    await publishEvent(app, 'live.second', {});
    await page.getByRole('button', { name: 'Go on' }).click();
    await table.getByText('live.second').waitFor();
    await expect.poll(() => table.getByText('live.first').count()).toBe(1);
  });
});
