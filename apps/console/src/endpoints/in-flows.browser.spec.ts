import { beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, TestApp, useBrowser } from '../testing/browser.fixture.ts';

const browser = useBrowser();
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.make('in-flows');
});

describe('outbound webhooks in flows', () => {
  it('LU-04: a saved webhook is selected by its name in the step call_webhook', async () => {
    const url = 'https://example.org/hook';
    const hook = { kind: 'inline', url, hookType: 'PRE_APPROVAL' };
    await app.call('POST', '/v1/endpoints', { ...hook, name: 'Ask the policy' });
    await app.call('POST', '/v1/endpoints', { ...hook, name: 'Watch', hookType: 'SIEM' });
    await app.call('POST', '/v1/endpoints', { kind: 'event', name: 'Told', url, events: ['*'] });
    const steps = [
      { ref: 'web', type: 'webhook' },
      { ref: 'asked', type: 'call_webhook', endpoint: 'not there any more', payload: {} },
    ];
    const flow = await app.call<{ id: string }>('POST', '/v1/flows', { name: 'Asking', steps });
    const page = await browser.visit(app.screen(`flows/${flow.id}`));
    await page.locator('[data-step="asked"]').click();
    const chooser = page.getByLabel('endpoint', { exact: true });
    await chooser.locator('option', { hasText: 'Ask the policy' }).waitFor({ state: 'attached' });
    await expect.poll(() => chooser.inputValue()).toBe('not there any more');
    await expect
      .poll(() => chooser.locator('option').allTextContents())
      .toEqual(['Choose a webhook …', 'not there any more', 'Ask the policy']);
    await chooser.selectOption('Ask the policy');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('not saved').waitFor({ state: 'detached' });
    const saved = await app.call<{ steps: object[] }>('GET', `/v1/flows/${flow.id}`);
    expect(saved.steps[1]).toMatchObject({ type: 'call_webhook', endpoint: 'Ask the policy' });
  });
});
