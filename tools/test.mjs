// npm test: install, build, then every test that this machine can carry. REQUIRE_KAFKA=1, REQUIRE_BROWSER=1 and
// REQUIRE_POSTGRES=1 turn "left out" into a failure. Other arguments go to vitest.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { findChromium } from './find-chromium.mjs';
import { productEnvironment, productNode, requireNode, root } from './node-version.mjs';
import { argumentsToRunAgain, failuresOf, isLate } from './test-report.mjs';

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
const chromium = findChromium();
if (!postgres.ok || chromium === null) {
  leaveOut(
    'browser tests',
    postgres.ok ? 'no Chromium: install it or name it by SLUICE_CHROMIUM' : 'no PostgreSQL',
    'REQUIRE_BROWSER',
  );
  env.SLUICE_TEST_BROWSER = '0'; // read by vitest.config.ts
}
if (problems.length > 0) {
  for (const problem of problems) console.error(problem);
  process.exit(1);
}

const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-report-'));
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
/** More than so many late tests are no accident of the machine. */
const MAX_LATE = 6;

// Ctrl-C reaches vitest by itself; it stops its servers and ends, and so do we.
let child;
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child?.kill('SIGTERM'));

/** Runs vitest; `report` is null when it ended before it wrote one. */
function runTests(name, args) {
  const file = path.join(scratch, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  child = spawn(node, [vitest, 'run', ...reporters, ...args], { cwd: root, env, stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
      resolve({ code, passed: report?.numPassedTests ?? 0, failures: report ? failuresOf(report) : [] });
    });
  });
}

const nameOf = ({ file, name }) => `${path.relative(root, file)}: ${name ?? 'as a whole'}`;

/**
 * Tests that only waited in vain run once more, with nothing beside them (decision 0220). A wrong value never does.
 * @returns the failures that remain
 */
async function secondRun(failures) {
  const late = failures.filter(isLate);
  if (late.length === 0 || late.length > MAX_LATE) return failures;
  console.log(`\n== once more, alone, what came too late:\n${late.map(nameOf).join('\n')}`);
  const again = await runTests('again', [...arguments_, '--maxWorkers=1', ...argumentsToRunAgain(late)]);
  if (again.passed === 0 || (again.code !== 0 && again.failures.length === 0)) return failures;
  const stillLate = again.failures.map(nameOf);
  const inTime = late.filter((failure) => !stillLate.includes(nameOf(failure)));
  console.log(`== late beside others, in time alone (${inTime.length}):\n${inTime.map(nameOf).join('\n')}`);
  return [...failures.filter((failure) => !isLate(failure)), ...again.failures];
}

const first = await runTests('first', [...arguments_, ...process.argv.slice(2)]);
const failures = await secondRun(first.failures);
rmSync(scratch, { recursive: true, force: true });
const unexplained = first.code !== 0 && first.failures.length === 0;
if (unexplained) console.error(`vitest ended with ${first.code ?? 'a signal'} although no test failed: see above`);
const passed = first.passed + (first.failures.length - failures.length);
const failed = failures.length + (unexplained ? 1 : 0);
for (const failure of failures) console.error(`FAILED ${nameOf(failure)}\n       ${failure.message.split('\n')[0]}`);
if (passed + failed === 0) console.error('no test ran');
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
