// Runs vitest, with the arguments it gets, against the distributed wiring (two of each service over a real Kafka): for
// browser tests, which start a standalone of their own unless SLUICE_BROWSER_URL names a running product.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { System } from '@sluice/testing';
import { root } from './node-version.mjs';

const system = await System.start('distributed', { env: { SLUICE_DISTRIBUTED_INSTANCES: '2' } });
const child = spawn(
  process.execPath,
  [path.join(root, 'node_modules', 'vitest', 'vitest.mjs'), ...process.argv.slice(2)],
  {
    cwd: root,
    env: { ...process.env, SLUICE_BROWSER_URL: system.url, SLUICE_BROWSER_TOKEN: system.adminToken },
    stdio: 'inherit',
  },
);
// Ctrl-C reaches vitest by itself, and the system is stopped after it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
const [code] = await once(child, 'exit');
await system.remove();
process.exit(code ?? 1);
