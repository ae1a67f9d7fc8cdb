// npm run rebuild -- <projection>: builds a read model of the delivery log again from the events and waits for it (LG-05).
// It asks the running deployment, so it needs an address and a token of an administrator of all apps, and no database.
import { asksForHelp, wrongCall } from './deployment-call.mjs';

const USAGE = `usage: SLUICE_ADMIN_TOKEN=… npm run rebuild -- <projection> [address]

  projection  requests, rejections, samples, runs, timeline, events, deliveries, whole-bodies,
              dead-letters, stats or all; cancel ends the one that runs
  address     of the deployment; SLUICE_URL or http://127.0.0.1:8080 unless given

The live one answers until the new one takes its place. When this command is ended, the rebuild goes on.
Exit codes: 0 done, 1 it failed or the arguments are wrong.`;

const FAILED = 1;
const EVERY_MS = 1_000;
const REQUEST_TIMEOUT_MS = 60_000;

function wrongUsage({ projection, token, address, others }) {
  if (projection === '') return 'say which projection';
  return wrongCall({ token, address, others });
}

async function call(url, token, method, route, body) {
  const response = await fetch(new URL(route, url), {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  let reason = text.slice(0, 300);
  try {
    reason = JSON.parse(text).detail ?? reason;
  } catch {
    // Not from Sluice: its text is all there is to tell.
  }
  throw new Error(`${response.status} ${reason}`);
}

async function rebuild(url, token, projection, say) {
  let now = await call(url, token, 'POST', '/v1/rebuilds', { projection });
  while (now.state === 'running' || now.state === 'cancelling') {
    say(`${projection}: ${now.events} events read${now.estimatedEvents ? ` of about ${now.estimatedEvents}` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    now = await call(url, token, 'GET', `/v1/rebuilds/${now.id}`);
  }
  if (now.state !== 'done') throw new Error(now.error ?? `it was ${now.state}`);
  say(`${projection}: done, ${now.events} events`);
}

async function cancel(url, token, say) {
  const { items } = await call(url, token, 'GET', '/v1/rebuilds');
  const running = items.find(({ state }) => state === 'running');
  if (!running) throw new Error('none is running');
  await call(url, token, 'POST', `/v1/rebuilds/${running.id}/cancel`);
  say(`${running.projection}: is cancelled, the live one stays`);
}

const [projection, address = process.env.SLUICE_URL ?? 'http://127.0.0.1:8080', ...others] = process.argv.slice(2);
const token = process.env.SLUICE_ADMIN_TOKEN ?? '';
const problem = wrongUsage({ projection: projection ?? '', token, address, others });
if (asksForHelp(process.argv)) {
  console.log(USAGE);
} else if (problem !== null) {
  console.error(`${problem}\n${USAGE}`);
  process.exitCode = FAILED;
} else {
  try {
    const say = (line) => console.log(line);
    if (projection === 'cancel') await cancel(address, token, say);
    else await rebuild(address, token, projection, say);
  } catch (error) {
    console.error(`rebuilding failed: ${error.cause?.message ?? error.message}`);
    process.exitCode = FAILED;
  }
}
