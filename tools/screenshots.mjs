// npm run screenshots: a picture of every screen in docs/images, of a fresh standalone with a little data in it. By hand,
// not in CI: pictures differ from machine to machine. Needs Chromium (SLUICE_CHROMIUM, or on the PATH).
//   node tools/screenshots.mjs [name …]     only these
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { findChromium } from './find-chromium.mjs';
import { requireNode, root } from './node-version.mjs';
import { startStandalone } from './running-standalone.mjs';

requireNode();
const { build, install } = await import('./prepare.mjs');
await install();
await build(path.join(root, 'apps', 'standalone'));
const { chromium } = await import('playwright-core');
const executablePath = findChromium();
if (executablePath === null) {
  console.error('no Chromium: install it, or name it by SLUICE_CHROMIUM');
  process.exit(1);
}

const place = path.join(root, 'docs', 'images');
const wanted = process.argv.slice(2);
const VIEW = { width: 1_080, height: 680 };
const SETTLE_MS = 600;

/** Takes what is sent to it, but the order of one number, so that the pictures show both. */
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const isRefused = /"id":\s*9\b/.test(Buffer.concat(chunks).toString());
    response.writeHead(isRefused ? 503 : 200, { 'content-type': 'application/json' }).end('{"ok":true}');
  });
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));

/** A flow, a webhook, an endpoint and a few requests; resolves with their ids for the addresses below. */
async function someData(system) {
  const call = async (method, route, value) => {
    const headers = { authorization: `Bearer ${system.adminToken}`, 'content-type': 'application/json' };
    const init = { headers, body: JSON.stringify(value) };
    init.method = method;
    const answer = await fetch(system.url + route, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  };
  const steps = [
    { ref: 'order', type: 'webhook' },
    { ref: 'told', type: 'emit', event: 'order.placed', subject: '{{ order.id }}', data: '{{ order }}' },
  ];
  const properties = { id: { type: 'integer', example: 7 }, total: { type: 'number', example: 49 } };
  const schema = { type: 'object', required: ['id'], properties };
  const told = 'An order was placed in the shop';
  await call('POST', '/v1/event-types', { name: 'order.placed', description: told, schema, validate: false });
  const flow = await call('POST', '/v1/flows', { name: 'Orders', status: 'active', steps });
  const trigger = await call('POST', '/v1/triggers', { flowId: flow.id, name: 'Shop', auth: { type: 'bearer' } });
  const hook = {
    kind: 'event',
    name: 'Warehouse',
    customer: 'warehouse',
    events: ['order.*'],
    url: `http://127.0.0.1:${receiver.address().port}/orders`,
  };
  const endpoint = await call('POST', '/v1/endpoints', hook);
  await call('PUT', '/v1/secrets/warehouse_key', { value: 'not shown' });
  for (let id = 1; id <= 12; id++) {
    const headers = {
      authorization: `Bearer ${id % 5 === 0 ? 'wrong' : trigger.token}`,
      'content-type': 'application/json',
    };
    await fetch(trigger.url, { method: 'POST', headers, body: JSON.stringify({ id, total: id * 7 }) });
  }
  // What the log shows comes a moment after.
  const first = async (route) => {
    for (let n = 0; n < 100; n++) {
      const { items } = await call('GET', route);
      if (items.length > 0) return items[0];
      await sleep(200);
    }
    throw new Error(`${route}: nothing after 20 seconds`);
  };
  const run = await first('/v1/runs?status=succeeded');
  const delivery = await first(`/v1/deliveries?status=succeeded&endpointId=${endpoint.id}`);
  const event = await first('/v1/events');
  await call('POST', '/v1/replays', { endpointId: String(endpoint.id), eventTypes: ['order.placed'] });
  const link = await call('POST', '/v1/portal-links', {
    customer: 'warehouse',
    permissions: ['view', 'manage', 'replay'],
  });
  return { flow, trigger, endpoint, run, delivery, event, link };
}

const system = await startStandalone();
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
try {
  const { flow, trigger, endpoint, run, delivery, event, link } = await someData(system);
  const context = await browser.newContext({
    viewport: VIEW,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const app = '/console/apps/00000000-0000-7000-8000-00000000da00';
  /** A new screen gets its line here. */
  const screens = {
    'sign-in': '/console/',
    overview: `${app}/overview`,
    triggers: `${app}/triggers`,
    'trigger-new': `${app}/triggers/new`,
    trigger: `${app}/triggers/${trigger.id}`,
    'trigger-requests': `${app}/triggers/${trigger.id}/requests`,
    'trigger-capture': `${app}/triggers/${trigger.id}/capture`,
    flows: `${app}/flows`,
    flow: `${app}/flows/${flow.id}`,
    runs: `${app}/runs`,
    approvals: `${app}/approvals`,
    endpoints: `${app}/endpoints`,
    endpoint: `${app}/endpoints/${endpoint.uuid}`,
    deliveries: `${app}/deliveries`,
    events: `${app}/events`,
    'event-types': `${app}/event-types`,
    'event-type': `${app}/event-types/order.placed`,
    event: `${app}/events/${event.id}`,
    run: `${app}/runs/${run.id}`,
    delivery: `${app}/deliveries/${delivery.id}`,
    replays: `${app}/replays`,
    search: `${app}/search?q=total`,
    timeline: `${app}/timeline/${run.id}`,
    portal: link.url.replace(system.url, ''),
    'dead-letters': '/console/dead-letters',
    secrets: `${app}/secrets`,
    tokens: `${app}/tokens`,
    history: `${app}/history`,
    apps: '/console/apps',
    users: '/console/users',
    account: '/console/account',
    settings: '/console/settings',
  };
  mkdirSync(place, { recursive: true });
  for (const [name, where] of Object.entries(screens)) {
    if (name === 'overview') {
      await context.request.post(`${system.url}/v1/sessions`, { data: { token: system.adminToken } });
    }
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await page.goto(system.url + where);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForTimeout(SETTLE_MS);
    const title = await page.getByRole('heading', { level: 1 }).innerText();
    if (title === 'There is no such screen') throw new Error(`${where}: ${title}`);
    await page.screenshot({ path: path.join(place, `${name}.png`) });
    console.log(`docs/images/${name}.png: ${title}`);
  }
} finally {
  await browser.close();
  await system.stop();
  receiver.close();
}
