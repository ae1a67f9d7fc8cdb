import { beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, TestApp, useBrowser } from '../testing/browser.fixture.ts';

interface Created {
  id: string;
}
interface Trigger extends Created {
  url: string;
  token: string;
}

const ORDER = {
  name: 'Order',
  status: 'active',
  steps: [
    { ref: 'web', type: 'webhook' },
    { ref: 'sum', type: 'set', values: { total: '{{ web.count * 7 }}', note: 'For {{ web.name }}' } },
    {
      ref: 'check',
      type: 'condition',
      branches: [
        { when: '{{ web.count > 5 }}', steps: [{ ref: 'no', type: 'fail', message: 'Too many for {{ web.name }}' }] },
      ],
    },
  ],
};

describe('runs in the console', () => {
  const browser = useBrowser();
  let app: TestApp;
  let flow: Created;
  let trigger: Trigger;
  beforeAll(async () => {
    app = await TestApp.make('runs');
    flow = await app.call('POST', '/v1/flows', ORDER);
    trigger = await app.call('POST', '/v1/triggers', { flowId: flow.id, name: 'Shop', profile: 'flow' });
  });

  /** Calls the webhook; resolves to the id of its run, once it is over. */
  const called = async (body: object): Promise<string> => {
    const answer = await fetch(trigger.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${trigger.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await answer.text();
    const { items } = await app.call<{ items: Created[] }>('GET', `/v1/runs?flowId=${flow.id}&limit=1`);
    const id = items[0]?.id ?? '';
    await app.call('GET', `/v1/runs/${id}?wait=30s`);
    return id;
  };
  const tested = async (input: unknown, of = flow.id): Promise<string> =>
    (await app.call<Created>('POST', `/v1/flows/${of}/run`, { input })).id;

  it('LC-14: a triggered run appears in the debugger, with its input as JSON', async () => {
    await called({ name: 'Ann', count: 2 });
    const page = await browser.visit(app.screen(`runs?flow=${flow.id}`));
    await page
      .getByRole('row', { name: /succeeded/ })
      .first()
      .click();
    await page.getByRole('heading', { name: /^Run #/ }).waitFor();
    const input = page.getByRole('region', { name: 'Input', exact: true });
    expect(JSON.parse((await input.textContent()) ?? '')).toEqual({ name: 'Ann', count: 2 });
    await expectAccessible(page);
  });

  it('LT-09: every operation of a run is told, with its time, its input and its output', async () => {
    const id = await called({ name: 'Bob', count: 9 });
    const page = await browser.visit(app.screen(`runs?flow=${flow.id}&trigger=${trigger.id}&status=failed`));
    const row = page.getByRole('grid', { name: 'Runs' }).getByRole('row', { name: /Too many for Bob/ });
    await row.waitFor();
    await expectAccessible(page);
    await row.click();
    await page.waitForURL(`**/runs/${id}`);
    const steps = page.getByRole('grid', { name: 'Steps of the run' });
    for (const ref of ['web', 'sum', 'no']) await steps.getByRole('row', { name: new RegExp(`^${ref} `) }).waitFor();
    await page.getByRole('heading', { name: 'Step no' }).waitFor();
    await steps.getByRole('row', { name: /^sum / }).click();
    await page.getByRole('heading', { name: 'Step sum' }).waitFor();
    expect(new URL(page.url()).searchParams.get('step')).toBe('sum');
    await expect.poll(() => page.getByRole('region', { name: 'Step output' }).textContent()).toContain('"total": 63');
    await page.getByRole('button', { name: 'values.note: For {{ web.name }}' }).hover();
    await page.getByRole('tooltip').getByText('For Bob').waitFor();
    await page.mouse.move(0, 0);
    await page.getByRole('tooltip').waitFor({ state: 'detached' });
    await expectAccessible(page);
  });

  it('FL-06: a failed run is retried with another input, and the two runs name each other', async () => {
    const id = await called({ name: 'Cy', count: 8 });
    const page = await browser.visit(app.screen(`runs/${id}`));
    await page.getByRole('button', { name: 'Retry …' }).click();
    const input = page.getByRole('textbox', { name: 'Input' });
    await input.fill('{"name": "Cy", ');
    await page.getByRole('button', { name: 'Start the retry' }).click();
    await page.getByText('This is not JSON').waitFor();
    await input.fill('{"name": "Cy", "count": 1}');
    await page.getByRole('button', { name: 'Start the retry' }).click();
    await page.getByRole('link', { name: id }).waitFor();
    await page.getByText('succeeded').first().waitFor();
    await page.getByRole('link', { name: id }).click();
    await page.waitForURL(`**/runs/${id}`);
    const retry = (await app.call<{ retriedAs: string[] }>('GET', `/v1/runs/${id}`)).retriedAs[0] ?? '';
    const link = page.getByRole('link', { name: retry });
    await link.waitFor();
    await expect.poll(() => link.getAttribute('href')).toContain(`/runs/${retry}`);
  });

  it('FL-06: many runs are counted, retried, and followed to their end', async () => {
    const many = await app.call<Created>('POST', '/v1/flows', {
      name: 'Never',
      status: 'active',
      steps: [{ ref: 'no', type: 'fail', message: 'never' }],
    });
    for (let n = 0; n < 3; n++) await app.call('GET', `/v1/runs/${await tested({}, many.id)}?wait=30s`);
    const page = await browser.visit(app.screen(`runs?flow=${many.id}`));
    await page.getByRole('button', { name: 'Retry or cancel many …' }).click();
    await page.getByRole('button', { name: 'Count them' }).click();
    await page.getByText('The query finds 3 runs.').waitFor();
    await page.getByRole('button', { name: 'Retry 3 runs' }).click();
    await page.getByText('finished: 3 of 3').waitFor();
    expect((await app.call<{ items: object[] }>('GET', `/v1/runs?flowId=${many.id}`)).items).toHaveLength(6);
    await expectAccessible(page);
  });

  it('FL-02: an approval is decided with a comment, and the screen follows without being loaded again', async () => {
    const asking = await app.call<Created>('POST', '/v1/flows', {
      name: 'Refund',
      status: 'active',
      steps: [{ ref: 'ok', type: 'approval', message: 'Refund {{ trigger.body.sum }}?' }],
    });
    const page = await browser.visit(app.screen('approvals'));
    await page.getByRole('heading', { name: 'Nothing waits for a decision' }).waitFor();
    const id = await tested({ sum: 30 }, asking.id);
    const form = page.getByRole('form', { name: 'Refund 30?' });
    await form.getByRole('textbox', { name: /Comment/ }).fill('go on');
    await expectAccessible(page);
    await form.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('heading', { name: 'Nothing waits for a decision' }).waitFor();
    const run = await app.call<{ result: object }>('GET', `/v1/runs/${id}?wait=30s`);
    expect(run.result).toMatchObject({ approved: true, comment: 'go on' });
  });

  it('FL-06: a run that waits is cancelled from its screen', async () => {
    const napping = await app.call<Created>('POST', '/v1/flows', {
      name: 'Nap',
      status: 'active',
      steps: [{ ref: 'nap', type: 'delay', for: 'PT1H' }],
    });
    const page = await browser.visit(app.screen(`runs/${await tested({}, napping.id)}`));
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('cancelled', { exact: true }).first().waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Retry …' }).isVisible()).toBe(true);
  });

  it('CO-02: the list is gone through and a run is opened by keyboard alone, on a telephone too', async () => {
    await called({ name: 'Eve', count: 1 });
    const page = await browser.visit(app.screen(`runs?flow=${flow.id}`), { viewport: { width: 390, height: 800 } });
    const grid = page.getByRole('grid', { name: 'Runs' });
    await grid.getByRole('row').nth(1).focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Run #/ }).waitFor();
    expect(new URL(page.url()).pathname).toContain('/runs/');
    await expectAccessible(page);
  });
});
