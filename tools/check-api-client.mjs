// Types are generated from /openapi.json of a fresh standalone with openapi-typescript; a small client of them has to
// compile and to work. In .cache, with the packages of tools/api-client (a lock file of its own).
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { productEnvironment, productNode, requireNode, root } from './node-version.mjs';
import { plainEnvironment, startStandalone } from './running-standalone.mjs';

requireNode();

const source = path.join(root, 'tools', 'api-client');
const place = path.join(root, '.cache', 'api-client');
const node = productNode();
const bin = (name) => path.join(place, 'node_modules', ...name);

function run(command, arguments_, env = {}) {
  const result = spawnSync(command, arguments_, {
    cwd: place,
    env: { ...plainEnvironment(), PATH: productEnvironment(node).PATH, ...env },
    stdio: 'inherit',
  });
  if (result.status !== 0) throw new Error(`${path.basename(arguments_[0] ?? command)} failed`);
}

function install() {
  mkdirSync(place, { recursive: true });
  const lock = readFileSync(path.join(source, 'package-lock.json'), 'utf8');
  const mark = path.join(place, 'installed');
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', 'client.mts']) {
    cpSync(path.join(source, file), path.join(place, file));
  }
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  rmSync(mark, { force: true });
  run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts']);
  writeFileSync(mark, lock);
}

install();
const system = await startStandalone();
try {
  const document = await (await fetch(`${system.url}/openapi.json`)).text();
  writeFileSync(path.join(place, 'openapi.json'), document);
  run(node, [
    bin(['openapi-typescript', 'bin', 'cli.js']),
    'openapi.json',
    '--default-non-nullable',
    'false',
    '--output',
    'schema.ts',
  ]);
  run(node, [bin(['typescript', 'bin', 'tsc']), '-p', 'tsconfig.json']);
  run(node, ['client.mts'], { SLUICE_URL: system.url, TOKEN: system.adminToken });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await system.stop();
}
