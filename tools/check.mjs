// npm run check: format, lint, boundaries, house rules, types, unit tests; what is independent runs side by side.
import path from 'node:path';
import process from 'node:process';
import { productEnvironment, productNode, requireNode, root } from './node-version.mjs';

requireNode();
const { install, runQuietly } = await import('./prepare.mjs');
await install();

const node = productNode();
const env = productEnvironment(node);
const script = (file, ...args) => [node, path.join(root, file), ...args];
const typescript = (...args) => script('node_modules/ts7/bin/tsc', ...args);

/** Longest first, so that the last one to end is short. `after`: needs the other's result. */
const PARTS = [
  { name: 'types', command: typescript('-b') },
  {
    name: 'unit tests',
    command: script('node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--reporter=dot'),
  },
  { name: 'types of tests', command: typescript('-p', 'tsconfig.spec.json', '--noEmit') },
  { name: 'types of browser tests', command: typescript('-p', 'apps/console/tsconfig.spec.json', '--noEmit') },
  { name: 'boundaries', command: script('tools/check-boundaries.mjs') },
  { name: 'format', command: script('node_modules/@biomejs/biome/bin/biome', 'format', '.') },
  { name: 'lint', command: script('node_modules/oxlint/bin/oxlint', '--deny-warnings') },
  { name: 'references', command: script('tools/sync-references.mjs', '--check') },
  { name: 'house rules', command: script('tools/check-house-rules.mjs') },
];
const AT_ONCE = 2;

/** A line that says something: the dots of tests that passed are thousands. */
const tells = (line) => !/^\s*[·x.-]+\s*$/.test(line);

const failed = [];
const waiting = [...PARTS];
const begin = Date.now();

async function work() {
  for (let part = waiting.shift(); part; part = waiting.shift()) {
    const start = Date.now();
    let output = '';
    const code = await runQuietly(part.command[0], part.command.slice(1), { env, onOutput: (text) => (output = text) });
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${part.name} (${seconds} s)`);
    if (code !== 0) {
      failed.push(part.name);
      console.log(
        output
          .trimEnd()
          .split('\n')
          .filter(tells)
          .map((line) => `       ${line}`)
          .join('\n'),
      );
    }
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
const seconds = ((Date.now() - begin) / 1000).toFixed(1);
console.log(`${PARTS.length - failed.length} passed, ${failed.length} failed (${seconds} s)`);
process.exit(failed.length === 0 ? 0 : 1);
