// Install and build, each only when something changed, quiet unless it takes long or fails.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { consoleBuild } from './build-console.mjs';
import { productEnvironment, productNode, root } from './node-version.mjs';

const lockFile = path.join(root, 'package-lock.json');
// Inside node_modules, so that `npm ci`, which empties it, and whoever deletes it take the mark away too.
const markFile = path.join(root, 'node_modules', '.sluice-installed');

function digestOfLock() {
  return createHash('sha256').update(readFileSync(lockFile)).digest('hex');
}

/** Compares what npm says it has installed with the lock: somebody may have run `npm ci` without us. */
export function installedMatchesLock(wanted, installed) {
  return Object.entries(wanted).every(([where, entry]) => {
    if (!where.includes('node_modules/')) return true; // a workspace itself; its link is an entry of its own
    const found = installed[where];
    if (!found) return entry.optional === true; // of another platform, or it could not be installed here
    return entry.link ? found.link === true && found.resolved === entry.resolved : found.version === entry.version;
  });
}

function isInstalled() {
  if (existsSync(markFile) && readFileSync(markFile, 'utf8') === digestOfLock()) return true;
  const hidden = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  if (!installedMatchesLock(packagesOf(lockFile), packagesOf(hidden))) return false;
  writeFileSync(markFile, digestOfLock());
  return true;
}

/** Runs a command quietly; its output is shown when it fails. Resolves to its exit code. */
export function runQuietly(command, args, { env = process.env, onOutput } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    const stop = (signal) => () => child.kill(signal);
    const onInterrupt = stop('SIGINT');
    const onTerminate = stop('SIGTERM');
    process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate);
    const done = (code) => {
      process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate);
      const output = Buffer.concat(chunks).toString();
      if (onOutput) onOutput(output);
      else if (code !== 0 && code < 128) process.stderr.write(output);
      resolve(code);
    };
    child.once('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      done(1);
    });
    child.once('close', (code, signal) => done(signal ? 130 : code));
  });
}

async function timed(label, work) {
  const start = Date.now();
  // Told at once only when it takes long enough to wonder about.
  const announce = setTimeout(() => console.error(`${label} ...`), 700);
  const code = await work();
  clearTimeout(announce);
  if (code !== 0) {
    if (code < 128) console.error(`${label} failed.`);
    process.exit(code);
  }
  if (Date.now() - start > 2000) console.error(`${label}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

/** `npm ci`, unless what is installed is what the lock says. */
export async function install() {
  if (isInstalled()) return;
  const npm = process.env.npm_execpath; // set when we run under npm: the same npm again
  const [command, before] = npm && /\.c?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []];
  await timed('Installing packages (npm ci)', () =>
    runQuietly(command, [...before, 'ci', '--no-audit', '--no-fund', '--loglevel=error']),
  );
  writeFileSync(markFile, digestOfLock());
}

/** Builds projects and what they need, or everything; what is unchanged costs a fraction of a second. */
export async function build(...projects) {
  const node = productNode();
  const compiler = path.join(root, 'node_modules', 'ts7', 'bin', 'tsc');
  await timed('Building', () =>
    runQuietly(node, [compiler, '-b', ...(projects.length > 0 ? projects : ['.'])], { env: productEnvironment(node) }),
  );
  await buildConsole(node);
}

/** Its types are checked by `npm run check`; here it is only bundled (2 s after a change, nothing otherwise). */
async function buildConsole(node) {
  const command = consoleBuild();
  if (!command) return;
  await timed('Building the console', () => runQuietly(node, command.args, { env: productEnvironment(node) }));
  command.done();
}
