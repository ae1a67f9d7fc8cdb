import { type RecordingReceiver, recordingReceiver } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, isWhole, TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { addressIn, makeWorld, type World } from '../testing/world.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: RecordingReceiver;
let world: World;
beforeAll(async () => {
  [app, receiver] = await Promise.all([TestApp.make('screens'), recordingReceiver()]);
  world = await makeWorld(app, receiver.url);
});
afterAll(() => receiver?.close());

const PHONE = { width: 390, height: 800 };
const DESK = { width: 1_280, height: 800 };
describe('CO-02: every screen', () => {
  it('is accessible in the light and in the dark, and fits a phone', async () => {
    const page = await browser.visit(app.screen('overview'));
    for (const name of Object.keys({ ...world.screens, ...world.globals })) {
      await page.goto(addressIn(app, world, name));
      await expect.poll(() => isWhole(page), { timeout: 30_000 }).toBe(true);
      await expectAccessible(page).catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`);
      });
      await page.setViewportSize(PHONE);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect([name, over <= 0]).toEqual([name, true]);
      await page.setViewportSize(DESK);
    }
  }, 300_000);
});
