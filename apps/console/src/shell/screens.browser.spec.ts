import { type RecordingReceiver, recordingReceiver } from '@sluice/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { expectAccessible, product, TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { FaultyProxy } from '../testing/faulty-proxy.fixture.ts';
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
/** Each reads in its own way; the other lists and forms read as one of these. */
const READING = [
  ['overview', 'flow', 'versions', 'run'],
  ['trigger requests', 'endpoint', 'compare', 'delivery'],
  ['replay', 'event', 'event type', 'timeline'],
  ['secrets', 'settings', 'dead letters', 'history'],
];

/** It has a heading, and waits for nothing. */
const isWhole = (page: Page): Promise<boolean> =>
  page.evaluate(
    () =>
      document.querySelector('h1') !== null &&
      document.querySelector('[role=alert]') === null &&
      !/(Loading|Starting)( the editor)? …/.test(document.body.innerText),
  );

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

  it('says so when the server is gone, offers to try again, and is whole when it is back', async () => {
    const proxy = new FaultyProxy((asked) => /^\/v1\/(?!sessions|apps\?|tail)/.test(asked));
    onTestFinished(() => proxy.close());
    const base = await proxy.listen();
    const at = (name: string): string => addressIn(app, world, name).replace(product.url(), base);
    for (const some of READING) {
      proxy.fault = 'cut';
      const pages = await Promise.all(some.map((name) => browser.visit(at(name))));
      await Promise.all(
        pages.map((page, n) =>
          page
            .getByRole('button', { name: 'Try again' })
            .first()
            .waitFor()
            .catch(() => {
              throw new Error(`${some[n]}: nothing is offered to try again`);
            }),
        ),
      );
      proxy.release();
      for (const page of pages) {
        const again = page.getByRole('alert').getByRole('button', { name: 'Try again' }).first();
        // Of some screens the parts are read one after another.
        const tried = async (): Promise<boolean> => {
          if ((await again.count()) > 0) await again.click({ timeout: 1_000 }).catch(() => undefined);
          return isWhole(page);
        };
        await expect.poll(tried, { timeout: 30_000 }).toBe(true);
        await page.close();
      }
    }
  }, 300_000);
});
