// npm test: install, build, then every test that this machine can carry. REQUIRE_KAFKA=1, REQUIRE_BROWSER=1 and
// REQUIRE_POSTGRES=1 turn "left out" into a failure. Other arguments go to vitest.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { productEnvironment, productNode, requireNode, root } from './node-version.mjs';

requireNode();
const { build, install } = await import('./prepare.mjs');
await install();
await build();

const node = productNode();

/** Answers of libs/local-servers, asked on the product's Node. */
function ask(expression) {
  const entry = new URL('../libs/local-servers/dist/index.js', import.meta.url).href;
  const script = `const servers = await import(${JSON.stringify(entry)}); console.log(JSON.stringify(await servers.${expression}()))`;
  return new Promise((resolve, reject) => {
    const child = spawn(node, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.once('close', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`${expression} failed`))));
  });
}

function hasFiles(suffix) {
  const search = (directory) =>
    readdirSync(directory, { withFileTypes: true }).some((entry) => {
      if (entry.name === 'node_modules' || entry.name === 'dist') return false;
      return entry.isDirectory() ? search(path.join(directory, entry.name)) : entry.name.endsWith(suffix);
    });
  return ['apps', 'libs'].some((kind) => search(path.join(root, kind)));
}

const arguments_ = [];
const problems = [];
const env = productEnvironment(node);

function leaveOut(what, reason, requirement) {
  if (process.env[requirement] === '1')
    problems.push(`${what} cannot run, and ${requirement}=1 requires them: ${reason}`);
  else console.log(`left out: ${what} (${reason})`);
}

const postgres = await ask('postgresAvailable');
if (!postgres.ok) {
  leaveOut('tests with real servers', postgres.reason, 'REQUIRE_POSTGRES');
  arguments_.push('--project', 'unit');
}
const kafka = postgres.ok ? await ask('kafkaAvailable') : { ok: false, reason: 'no PostgreSQL' };
if (!kafka.ok) {
  leaveOut('Kafka tests', kafka.reason, 'REQUIRE_KAFKA');
  env.SLUICE_TEST_KAFKA = '0'; // read by vitest.config.ts
}
if (process.env.REQUIRE_BROWSER === '1' && hasFiles('.browser.spec.ts')) {
  problems.push('browser tests exist, and nothing here knows how to run them yet'); // they come with the console
}
if (problems.length > 0) {
  for (const problem of problems) console.error(problem);
  process.exit(1);
}

const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-report-'));
const report = path.join(scratch, 'vitest.json');
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const child = spawn(node, [vitest, 'run', ...reporters, ...arguments_, ...process.argv.slice(2)], {
  cwd: root,
  env,
  stdio: 'inherit',
});
// Ctrl-C reaches vitest by itself; it stops its servers and ends, and so do we.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));

/** Tests that passed and failed; a file that could not even be loaded, and an error outside any test, count as one each. */
function count() {
  let json;
  try {
    json = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 0 }; // vitest ended before it wrote one; its exit code says so
  }
  const broken = json.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((one) => one.status === 'failed'),
  );
  return { passed: json.numPassedTests, failed: json.numFailedTests + broken.length };
}

child.once('exit', (code) => {
  const { passed, failed: failedTests } = count();
  rmSync(scratch, { recursive: true, force: true });
  const unexplained = code !== 0 && failedTests === 0;
  if (unexplained) console.error(`vitest ended with ${code ?? 'a signal'} although no test failed: see above`);
  const failed = failedTests + (unexplained ? 1 : 0);
  if (passed + failed === 0) console.error('no test ran');
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
});
