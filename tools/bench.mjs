// npm run bench -- <name>: builds and runs one benchmark; without a name it lists them.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { productEnvironment, productNode, requireNode, root } from './node-version.mjs';

requireNode();
const { build, install } = await import('./prepare.mjs');
await install();
await build(); // it starts the apps themselves

const node = productNode();
const child = spawn(node, [path.join(root, 'apps', 'bench', 'dist', 'main.js'), ...process.argv.slice(2)], {
  env: productEnvironment(node),
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
