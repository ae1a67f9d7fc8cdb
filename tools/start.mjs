// npm start and npm run start:distributed: install, build, and print the command that runs the app. The shell that npm
// started us in becomes that command (package.json), so that nothing of us stays in memory beside it (55 MB). Runs on a
// Node that cannot run the product yet, and that knows no execve.
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { productEnvironment, productNode, requireNode, root } from './node-version.mjs';
import { shellCommand } from './shell-command.mjs';

requireNode();
const { build, install } = await import('./prepare.mjs');

/** What has to be built for each: the launcher of the distributed wiring starts the other apps as processes. */
const APPS = {
  standalone: ['standalone'],
  distributed: ['distributed', 'edge', 'gateway', 'registry', 'runner', 'dispatcher', 'delivery-log'],
};
const [app] = process.argv.slice(2);
if (!Object.hasOwn(APPS, app ?? '')) {
  console.error(`usage: node tools/start.mjs ${Object.keys(APPS).join('|')}`);
  process.exit(2);
}

await install();
const preload = path.join(root, 'libs', 'observability'); // does nothing unless an exporter is set
await build(preload, ...APPS[app].map((name) => path.join(root, 'apps', name)));

const node = productNode();
const preloads = [path.join(preload, 'dist', 'preload.js'), path.join(root, 'tools', 'end-with-parent.mjs')];
const imports = preloads.flatMap((file) => ['--import', pathToFileURL(file).href]);
const changed = Object.entries(productEnvironment(node)).filter(([name, value]) => process.env[name] !== value);
const command = [
  'env',
  ...changed.map(([name, value]) => `${name}=${value}`),
  node,
  ...imports,
  path.join(root, 'apps', app, 'dist', 'main.js'),
];
process.stdout.write(`${shellCommand(command)}\n`);
