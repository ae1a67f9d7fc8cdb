// Builds the console with Vite, only when something of it changed: npm start and npm test do so each time. As a command
// (nx run-many -t build): node tools/build-console.mjs
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { productEnvironment, productNode, root } from './node-version.mjs';
import { filesBelow } from './projects.mjs';

const place = path.join(root, 'apps', 'console');
const mark = path.join(place, 'dist', 'site.built');
const isShipped = (file) => !/\.(spec|fixture)\.tsx?$/.test(file);

/** Of everything that the result depends on; 10 ms for 300 files. */
function digest() {
  const hash = createHash('sha256');
  const single = ['index.html', 'vite.config.ts', 'package.json'].map((name) => path.join(place, name));
  const below = ['src', 'public'].flatMap((name) => filesBelow(path.join(place, name), isShipped)).sort();
  // The flows that people begin from are those of examples/.
  const examples = filesBelow(path.join(root, 'examples'), (file) => file.endsWith('.json')).sort();
  for (const file of [path.join(root, 'package-lock.json'), ...single, ...below, ...examples]) {
    hash.update(`${path.relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** The command that builds the console, or null when what is there is of these sources. */
export function consoleBuild() {
  const now = digest();
  if (existsSync(mark) && existsSync(path.join(place, 'dist', 'site', 'index.html'))) {
    if (readFileSync(mark, 'utf8') === now) return null;
  }
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  return { args: [vite, 'build', place, '--logLevel', 'warn'], done: () => writeFileSync(mark, now) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const command = consoleBuild();
  if (!command) process.exit(0);
  const node = productNode();
  const { status } = spawnSync(node, command.args, { cwd: root, env: productEnvironment(node), stdio: 'inherit' });
  if (status === 0) command.done();
  process.exit(status ?? 1);
}
