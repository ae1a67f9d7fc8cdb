// A fresh standalone of what was built, for checks that talk to the running product. Nothing of the caller's settings
// reaches it, and its data is gone afterwards.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { productNode, root } from './node-version.mjs';

const READY_MS = 90_000;
const POLL_MS = 50;

/** The caller's environment without what settings, tests and npm bring along. */
export function plainEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|SLUICE_(?!CACHE_DIR)|VITEST|NODE_OPTIONS|REQUIRE_|HOST$|PORT$)/.test(name),
  );
  return Object.fromEntries(kept);
}

/**
 * Starts it and waits until it says that it is ready.
 * @returns where it listens, the administrator's token, everything it printed, and how it is stopped.
 */
export async function startStandalone(env = {}) {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'sluice-check-'));
  const adminToken = `check-${randomBytes(24).toString('hex')}`;
  const child = spawn(productNode(), [path.join(root, 'apps', 'standalone', 'dist', 'main.js')], {
    cwd: dataDir,
    env: {
      ...plainEnvironment(),
      PORT: '0',
      SLUICE_DATA_DIR: path.join(dataDir, 'data'),
      SLUICE_ADMIN_TOKEN: adminToken,
      SLUICE_DEMO: 'off',
      SLUICE_OUTBOUND_ALLOW: '127.0.0.0/8',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let isOver = false;
  const ended = new Promise((resolve) =>
    child.once('close', () => {
      isOver = true;
      resolve();
    }),
  );
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const stop = async () => {
    if (!isOver) child.kill('SIGTERM');
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  };
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const ready = /^Sluice is ready at (http\S+)$/m.exec(output);
    if (ready) return { url: ready[1], adminToken, output: () => output, stop };
    if (isOver || Date.now() > deadline) {
      await stop();
      throw new Error(`standalone did not become ready:\n${output}`);
    }
    await sleep(POLL_MS);
  }
}
