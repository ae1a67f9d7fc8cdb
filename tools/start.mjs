// npm start and npm run start:distributed: install, build, run. Runs on a Node that cannot run the product yet.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { productEnvironment, productNode, requireNode, root } from './node-version.mjs';

requireNode();
const { build, install } = await import('./prepare.mjs');

/** What has to be built for each: the launcher of the distributed wiring starts the other apps as processes. */
const APPS = {
  standalone: ['standalone'],
  distributed: ['distributed', 'edge', 'gateway', 'registry', 'runner', 'dispatcher', 'delivery-log'],
};
const [app, ...rest] = process.argv.slice(2);
if (!Object.hasOwn(APPS, app ?? '')) {
  console.error(`usage: node tools/start.mjs ${Object.keys(APPS).join('|')} [options of the app]`);
  process.exit(2);
}

await install();
const preload = path.join(root, 'libs', 'observability'); // does nothing unless an exporter is set
await build(preload, ...APPS[app].map((name) => path.join(root, 'apps', name)));

const node = productNode();
const preloads = [path.join(preload, 'dist', 'preload.js'), path.join(root, 'tools', 'end-with-parent.mjs')];
const imports = preloads.flatMap((file) => ['--import', pathToFileURL(file).href]);
// A session of its own: Ctrl-C in a terminal reaches npm and us, who both pass it on; the app must get it once.
const child = spawn(node, [...imports, path.join(root, 'apps', app, 'dist', 'main.js'), ...rest], {
  cwd: process.cwd(),
  env: productEnvironment(node),
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  detached: true,
});

let lastAt = 0;
function passOn(signal) {
  // npm repeats what the terminal has sent us already; a person who presses Ctrl-C again is slower.
  if (Date.now() - lastAt < 400) return;
  lastAt = Date.now();
  child.kill(signal);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => passOn(signal === 'SIGHUP' ? 'SIGTERM' : signal));

// npm, or the shell between npm and us, may end without passing anything on: then our ancestry changes.
function ancestry() {
  const parent = process.ppid;
  const stat = `/proc/${parent}/stat`;
  if (!existsSync(stat)) return String(parent); // not Linux
  const text = readFileSync(stat, 'utf8');
  return `${parent} of ${text.slice(text.lastIndexOf(')') + 2).split(' ')[1]}`;
}
if (process.env.npm_lifecycle_event) {
  const before = ancestry();
  setInterval(() => {
    if (lastAt === 0 && ancestry() !== before) passOn('SIGTERM'); // a second signal would mean: at once
  }, 500).unref();
}

child.once('error', (error) => {
  console.error(`${node} cannot be run: ${error.message}`);
  process.exit(1);
});
child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
