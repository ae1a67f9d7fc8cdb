// npm run console-speed: what a person waits for in the console, on a fresh standalone in Chromium (docs/results.md).
//   interactive    from the request of the page until its screen can be used, the processor throttled 4 times
//   long tasks     of a list of 100,000 events, while they are fetched and while they are scrolled through
// By hand, not in CI: numbers of a machine. Needs Chromium (SLUICE_CHROMIUM, or on the PATH).
//   node tools/console-speed.mjs [--rows 100000]
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { findChromium } from './find-chromium.mjs';
import { requireNode } from './node-version.mjs';
import { startStandalone } from './running-standalone.mjs';

requireNode();
const { values } = parseArgs({ options: { rows: { type: 'string', default: '100000' } } });
const ROWS = Number(values.rows);
const THROTTLE = 4;
const ROUNDS = 5;
const BATCH = 500;
const APP = '/console/apps/00000000-0000-7000-8000-00000000da00';
const executablePath = findChromium();
if (executablePath === null) {
  console.error('no Chromium: install it, or name it by SLUICE_CHROMIUM');
  process.exit(1);
}
const { chromium } = await import('playwright-core');
const system = await startStandalone();
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Milliseconds until `seen` is there, each round in a browser that has cached nothing. */
async function interactive(path, isSignedIn, seen) {
  const took = [];
  for (let round = 0; round < ROUNDS; round++) {
    const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
    if (isSignedIn) await context.request.post(`${system.url}/v1/sessions`, { data: { token: system.adminToken } });
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE });
    await page.goto(system.url + path, { waitUntil: 'commit' });
    await seen(page).waitFor();
    // Two frames later the thread has painted it and is free for a key.
    took.push(
      await page.evaluate(
        () =>
          new Promise((resolve) =>
            requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))),
          ),
      ),
    );
    await context.close();
  }
  console.log(
    `interactive ${path === '/console/' ? 'sign-in' : 'overview'}: ${took.map(Math.round).join(', ')} ms, median ${Math.round(median(took))} (at most 1,500)`,
  );
}

async function fill() {
  const headers = {
    authorization: `Bearer ${system.adminToken}`,
    'content-type': 'application/cloudevents-batch+json',
  };
  for (let done = 0; done < ROWS; done += BATCH) {
    const events = Array.from({ length: Math.min(BATCH, ROWS - done) }, (_, n) => ({
      specversion: '1.0',
      id: randomUUID(),
      source: '/speed',
      type: 'row.made',
      subject: `row ${done + n}`,
      data: { n: done + n },
    }));
    const answer = await fetch(`${system.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(events) });
    if (!answer.ok) throw new Error(`events: ${answer.status} ${await answer.text()}`);
  }
}

/** Long tasks of the page since the last call. */
const tasksOf = (page) => page.evaluate(() => window.__tasks.splice(0));
const told = (tasks) =>
  tasks.length === 0
    ? 'none of 50 ms'
    : `${tasks.length} of 50 ms and more, the longest ${Math.round(Math.max(...tasks))} ms`;

async function longTasks() {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
  await context.request.post(`${system.url}/v1/sessions`, { data: { token: system.adminToken } });
  await context.addInitScript(() => {
    window.__tasks = [];
    new PerformanceObserver((list) =>
      window.__tasks.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({ type: 'longtask' });
  });
  const page = await context.newPage();
  await page.goto(`${system.url}${APP}/events`);
  const grid = page.getByRole('grid', { name: 'Events' });
  await grid.waitFor();
  const loaded = async () => Number(await grid.getAttribute('aria-rowcount')) - 1;
  await tasksOf(page);
  const frame = grid.locator('..');
  const began = Date.now();
  let rows = await loaded();
  for (let still = 0; rows < ROWS && still < 100; ) {
    await frame.evaluate((element) => (element.scrollTop = element.scrollHeight));
    await page.waitForTimeout(20);
    const now = await loaded();
    still = now === rows ? still + 1 : 0;
    rows = now;
  }
  console.log(
    `fetched ${rows} rows to the end in ${Math.round((Date.now() - began) / 1000)} s: ${told(await tasksOf(page))}`,
  );
  await frame.evaluate(async (element) => {
    const frameOf = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let n = 0; n <= 300; n++) {
      element.scrollTop = (element.scrollHeight * n) / 300;
      await frameOf();
    }
    for (let n = 0; n <= 300; n++) {
      element.scrollTop -= 400;
      await frameOf();
    }
  });
  console.log(`scrolled through ${rows} rows in 600 frames: ${told(await tasksOf(page))}`);
  await context.close();
}

try {
  await interactive('/console/', false, (page) => page.getByRole('button', { name: 'Sign in' }));
  await interactive(`${APP}/overview`, true, (page) => page.locator('svg[role="img"]').first());
  await fill();
  await longTasks();
} finally {
  await browser.close();
  await system.stop();
}
