// Types are generated from /openapi.json of a fresh standalone with openapi-typescript; a small client of them has to
// compile and to work, and the console has to compile against them: what it uses is there and has the type it expects.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { clientPlace, consoleTypes, generateTypes, installGenerator, packageFile, run } from './api-types.mjs';
import { productNode, requireNode, root } from './node-version.mjs';
import { startStandalone } from './running-standalone.mjs';

requireNode();
const node = productNode();

/**
 * The committed types may lack what was added since (said, not an error: npm run api-types). What was removed or changed
 * and is used breaks the build here.
 */
function checkConsole(text) {
  const committed = readFileSync(consoleTypes, 'utf8');
  if (committed === text) return;
  console.log('apps/console: the types are older than the API; bring them up to date with npm run api-types');
  try {
    writeFileSync(consoleTypes, text);
    const compiler = path.join(root, 'node_modules', 'ts7', 'bin', 'tsc');
    const project = path.join(root, 'apps', 'console', 'tsconfig.json');
    const own = ['--composite', 'false', '--noEmit', '--emitDeclarationOnly', 'false', '--declaration', 'false'];
    const result = spawnSync(node, [compiler, '-p', project, ...own], { stdio: 'inherit' });
    if (result.status !== 0)
      throw new Error('the console does not fit the API that runs: npm run api-types, then repair it');
  } finally {
    writeFileSync(consoleTypes, committed);
  }
}

installGenerator();
const system = await startStandalone();
try {
  const text = await generateTypes(system.url);
  run(node, [packageFile('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']);
  run(node, [path.join(clientPlace, 'client.mts')], { SLUICE_URL: system.url, TOKEN: system.adminToken });
  checkConsole(text);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await system.stop();
}
