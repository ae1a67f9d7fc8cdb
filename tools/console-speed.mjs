// npm run console-speed: what a person waits for in the console, on a fresh standalone in Chromium (docs/results.md).
//   interactive    from the request of the page until its screen can be used, the processor throttled 4 times
//   long tasks     of a list of 100,000 events, while they are fetched and while they are scrolled through
// By hand, not in CI: numbers of a machine. Needs Chromium (SLUICE_CHROMIUM, or on the PATH).
//   node tools/console-speed.mjs [--rows 100000] [--only interactive|list] [--ask]
//   --ask: waits for a line on standard input before it measures the list, so that the machine can be quiet then
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { findChromium } from './find-chromium.mjs';
import { requireNode, root } from './node-version.mjs';
import { startStandalone } from './running-standalone.mjs';

requireNode();
const { values } = parseArgs({
  options: { rows: { type: 'string', default: '100000' }, only: { type: 'string' }, ask: { type: 'boolean' } },
});
const { build, install } = await import('./prepare.mjs');
await install();
await build(path.join(root, 'apps', 'standalone'));
const ROWS = Number(values.rows);
const THROTTLE = 4;
const ROUNDS = 5;
const BATCH = 500;
/** A list that gives nothing for so long has ended, or is broken. */
const STILL_MS = 20_000;
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

/** The list reads while nothing else is done: otherwise its answers wait for 100,000 deliveries to be planned. */
async function settle() {
  const headers = { authorization: `Bearer ${system.adminToken}` };
  const since = new Date(Date.now() - 3_600_000).toISOString();
  for (let last = -1, same = 0; same < 5; await sleep(1_000)) {
    const answer = await fetch(`${system.url}/v1/stats?step=hour&since=${since}`, { headers });
    const { totals } = await answer.json();
    const now = JSON.stringify(totals);
    same = now === last ? same + 1 : 0;
    last = now;
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
  await tasksOf(page);
  const frame = grid.locator('..');
  const began = Date.now();
  const rows = await frame.evaluate(
    async (element, { wanted, stillMs }) => {
      const list = element.querySelector('[role=grid]');
      const count = () => Number(list.getAttribute('aria-rowcount')) - 1;
      let seen = count();
      for (let since = performance.now(); seen < wanted && performance.now() - since < stillMs; ) {
        element.scrollTop = element.scrollHeight;
        await new Promise((resolve) => requestAnimationFrame(resolve));
        if (count() !== seen) since = performance.now();
        seen = count();
      }
      return seen;
    },
    { wanted: ROWS, stillMs: STILL_MS },
  );
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
  if (values.only !== 'list') {
    await interactive('/console/', false, (page) => page.getByRole('button', { name: 'Sign in' }));
    await interactive(`${APP}/overview`, true, (page) => page.locator('svg[role="img"]').first());
  }
  if (values.only !== 'interactive') {
    await fill();
    await settle();
    if (values.ask) {
      console.log(`${ROWS} events are there: Enter to go on`);
      await once(createInterface({ input: process.stdin }), 'line');
    }
    await longTasks();
  }
} finally {
  await browser.close();
  await system.stop();
}
process.exit(0);
