// The console's types of the API, from /openapi.json of a fresh standalone. Its packages are those of tools/api-client (a
// lock file of its own: the generator wants a TypeScript of its own), installed in .cache.
//   npm run api-types             writes apps/console/src/api/generated/schema.ts
// tools/check-api-client.mjs compiles the console against the types of what runs now.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { productEnvironment, productNode, requireNode, root } from './node-version.mjs';
import { plainEnvironment, startStandalone } from './running-standalone.mjs';

export const clientPlace = path.join(root, '.cache', 'api-client');
export const consoleTypes = path.join(root, 'apps', 'console', 'src', 'api', 'generated', 'schema.ts');
const source = path.join(root, 'tools', 'api-client');
const node = productNode();

export const packageFile = (...name) => path.join(clientPlace, 'node_modules', ...name);

/** @throws Error when it ends with anything but 0. */
export function run(command, arguments_, env = {}) {
  const result = spawnSync(command, arguments_, {
    cwd: clientPlace,
    env: { ...plainEnvironment(), PATH: productEnvironment(node).PATH, ...env },
    stdio: 'inherit',
  });
  if (result.status !== 0) throw new Error(`${path.basename(arguments_[0] ?? command)} failed`);
}

export function installGenerator() {
  mkdirSync(clientPlace, { recursive: true });
  const lock = readFileSync(path.join(source, 'package-lock.json'), 'utf8');
  const mark = path.join(clientPlace, 'installed');
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', 'client.mts']) {
    cpSync(path.join(source, file), path.join(clientPlace, file));
  }
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  rmSync(mark, { force: true });
  run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts']);
  writeFileSync(mark, lock);
}

/** Writes the types of what answers at `url` to a file of `clientPlace`; resolves to their text. */
export async function generateTypes(url) {
  const document = await (await fetch(`${url}/openapi.json`)).text();
  writeFileSync(path.join(clientPlace, 'openapi.json'), document);
  const cli = packageFile('openapi-typescript', 'bin', 'cli.js');
  run(node, [cli, 'openapi.json', '--default-non-nullable', 'false', '--output', 'schema.ts']);
  return readFileSync(path.join(clientPlace, 'schema.ts'), 'utf8');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  requireNode();
  const { build, install } = await import('./prepare.mjs');
  await install();
  await build(path.join(root, 'apps', 'standalone'));
  installGenerator();
  const system = await startStandalone();
  try {
    const text = await generateTypes(system.url);
    mkdirSync(path.dirname(consoleTypes), { recursive: true });
    writeFileSync(consoleTypes, text);
    console.log(`${path.relative(root, consoleTypes)}: ${text.split('\n').length - 1} lines`);
  } finally {
    await system.stop();
  }
}
