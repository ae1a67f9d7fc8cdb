// Which Node this may start under, and which one runs the product. Uses only what ancient Nodes have too, so that they
// get as far as the message. On Linux the right Node comes with the install as a package; elsewhere it must be there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const RUNS_THE_PRODUCT = [24, 11];
const RUNS_THE_INSTALL = [20, 19];
const bringsItsNode = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

function isAtLeast(version, [major, minor]) {
  const [hasMajor, hasMinor] = version.replace(/^v/, '').split('.').map(Number);
  return hasMajor > major || (hasMajor === major && hasMinor >= minor);
}

/** What is wrong with this Node, or null. */
export function nodeProblem(version = process.version, brings = bringsItsNode) {
  if (isAtLeast(version, brings ? RUNS_THE_INSTALL : RUNS_THE_PRODUCT)) return null;
  const needed = brings
    ? `Node.js ${RUNS_THE_INSTALL.join('.')} or newer (the one that runs it comes with the install)`
    : `Node.js ${RUNS_THE_PRODUCT.join('.')} or newer`;
  return `Sluice needs ${needed}, and this is ${version}. Get one from https://nodejs.org or your package manager.`;
}

/** Ends the process with a clear message when this Node is too old. */
export function requireNode() {
  const problem = nodeProblem();
  if (problem === null) return;
  console.error(problem);
  process.exit(1);
}

/** The Node that runs the product: the installed package's, or this one where that is new enough. */
export function productNode() {
  const packaged = path.join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  // On musl the package is installed but does not run.
  if (bringsItsNode && existsSync(packaged) && spawnSync(packaged, ['--version']).status === 0) return packaged;
  if (isAtLeast(process.version, RUNS_THE_PRODUCT)) return process.execPath;
  console.error(
    `Sluice runs on Node.js ${RUNS_THE_PRODUCT.join('.')} or newer; the one that comes with the install does not run here ` +
      `(${packaged}), and this is ${process.version}. Install it from https://nodejs.org or your package manager.`,
  );
  process.exit(1);
}

/**
 * Node reads every socket into 64 KiB that it then shrinks to what came. glibc leaves the rest as holes between what lives
 * on: 10,000 waiting callers held 145 MB of them instead of 90. From 32 KiB on each read buffer is now mapped by itself.
 */
const MALLOC = 'glibc.malloc.mmap_threshold=32768';

/**
 * NODE_OPTIONS with half as many helpers of V8 as there are processors, unless the operator has said how many. Node starts
 * four whatever there is: on two processors a collection of garbage left the event loop a fifth to two fifths of one for
 * a tenth of a second, which was the tail of every delivery (decision 0380). From eight processors on four are right.
 */
export function nodeOptions(given = '', processors = os.availableParallelism?.() ?? os.cpus().length) {
  if (processors >= 8 || given.includes('--v8-pool-size')) return given;
  return `${given} --v8-pool-size=${Math.max(1, Math.floor(processors / 2))}`.trim();
}

/** The environment in which `node` is the product's Node, also for the tools that start it themselves. */
export function productEnvironment(node) {
  return {
    ...process.env,
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}`,
    GLIBC_TUNABLES: process.env.GLIBC_TUNABLES ?? MALLOC,
    NODE_OPTIONS: nodeOptions(process.env.NODE_OPTIONS),
  };
}
