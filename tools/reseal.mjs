// npm run reseal: seals everything again with the first key of SLUICE_ENCRYPTION_KEYS, a portion at a time (RG-06).
// It asks the running deployment, so it needs an address and a token of an administrator of all apps, and no database.
import { asksForHelp, wrongCall } from './deployment-call.mjs';

const USAGE = `usage: SLUICE_ADMIN_TOKEN=… npm run reseal -- [address]

  address  of the deployment; SLUICE_URL or http://127.0.0.1:8080 unless given

Put the new key first in SLUICE_ENCRYPTION_KEYS, keep the old ones behind it, and restart every process before.
Exit codes: 0 done, 1 it failed or the arguments are wrong, 2 values are left that no key opens.`;

const DONE = 0;
const FAILED = 1;
/** Values are left that no key opens: their key was taken out too early. */
const LEFT = 2;

const REQUEST_TIMEOUT_MS = 60_000;

async function portion(url, token) {
  const response = await fetch(new URL('/v1/secrets/reseal', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
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

/** Resolves with the exit code. */
export async function resealAll(url, token, say) {
  let total = 0;
  for (;;) {
    const { resealed, remaining, unopenable, sealingKeyId, keys } = await portion(url, token);
    total += resealed;
    say(`sealed again with key ${sealingKeyId}: ${total}, left: ${remaining}`);
    if (remaining === 0) {
      const others = keys.filter(({ id }) => id !== sealingKeyId).map(({ id }) => id);
      say(others.length > 0 ? `done: ${others.join(', ')} can be taken out now` : 'done');
      return DONE;
    }
    // What is left and did not move: no key opens it, or a process that was not restarted goes on sealing with the old one.
    if (resealed > 0) continue;
    for (const { id, isKnown, values } of keys) {
      if (!isKnown && values > 0) say(`${values} values need the key ${id}, which is not in SLUICE_ENCRYPTION_KEYS`);
    }
    say(unopenable > 0 ? `${unopenable} values cannot be opened` : 'restart every process with the new keys first');
    return LEFT;
  }
}

async function main() {
  const [address = process.env.SLUICE_URL ?? 'http://127.0.0.1:8080', ...others] = process.argv.slice(2);
  const token = process.env.SLUICE_ADMIN_TOKEN ?? '';
  if (asksForHelp(process.argv)) {
    console.log(USAGE);
    return DONE;
  }
  const problem = wrongCall({ token, address, others });
  if (problem !== null) {
    console.error(`${problem}\n${USAGE}`);
    return FAILED;
  }
  try {
    return await resealAll(address, token, (line) => console.log(line));
  } catch (error) {
    console.error(
      `resealing failed: ${error.cause?.message ?? error.message}; what was sealed again stays so, start again`,
    );
    return FAILED;
  }
}

process.exitCode = await main();
