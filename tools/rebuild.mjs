// npm run rebuild -- <projection>: builds a read model of the delivery log again from the events and waits for it (LG-05).
// It asks the running deployment, so it needs an address and a token of an administrator of all apps, and no database.

const USAGE = `usage: SLUICE_ADMIN_TOKEN=… npm run rebuild -- <projection> [address]

  projection  requests, rejections, samples, runs, timeline, events, deliveries, dead-letters,
              stats or all
  address     of the deployment; SLUICE_URL or http://127.0.0.1:8080 unless given

The live one answers until the new one takes its place. When this command is ended, the rebuild goes on.`;

const FAILED = 1;
const EVERY_MS = 1_000;
const REQUEST_TIMEOUT_MS = 60_000;

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
  while (now.state === 'running') {
    say(`${projection}: ${now.events} events read${now.estimatedEvents ? ` of about ${now.estimatedEvents}` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    now = await call(url, token, 'GET', `/v1/rebuilds/${now.id}`);
  }
  if (now.state === 'failed') throw new Error(now.error);
  say(`${projection}: done, ${now.events} events`);
}

const [projection, address = process.env.SLUICE_URL ?? 'http://127.0.0.1:8080'] = process.argv.slice(2);
const token = process.env.SLUICE_ADMIN_TOKEN ?? '';
if (!projection || token === '' || !URL.canParse(address)) {
  console.error(USAGE);
  process.exitCode = FAILED;
} else {
  try {
    await rebuild(address, token, projection, (line) => console.log(line));
  } catch (error) {
    console.error(`rebuilding failed: ${error.cause?.message ?? error.message}`);
    process.exitCode = FAILED;
  }
}
