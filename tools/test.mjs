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

/** Runs vitest, or what runs it; without a report when it ended before it wrote one. */
function runTests(name, program, args) {
  const file = path.join(scratch, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  child = spawn(node, [program, 'run', ...reporters, ...args], { cwd: root, env, stdio: 'inherit' });
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
async function secondRun(name, program, failures) {
  const late = failures.filter(isLate);
  if (late.length === 0 || late.length > MAX_LATE) return failures;
  console.log(`\n== once more, alone, what came too late:\n${late.map(nameOf).join('\n')}`);
  const args = [...arguments_, '--maxWorkers=1', ...argumentsToRunAgain(late)];
  const again = await runTests(`${name}-again`, program, args);
  if (again.passed === 0 || (again.code !== 0 && again.failures.length === 0)) return failures;
  const stillLate = again.failures.map(nameOf);
  const inTime = late.filter((failure) => !stillLate.includes(nameOf(failure)));
  console.log(`== late beside others, in time alone (${inTime.length}):\n${inTime.map(nameOf).join('\n')}`);
  return [...failures.filter((failure) => !isLate(failure)), ...again.failures];
}

/** @returns how many passed, what failed for good, and whether it ended without a test to blame */
async function bothRuns(name, program, args) {
  const first = await runTests(name, program, args);
  const failures = await secondRun(name, program, first.failures);
  const isUnexplained = first.code !== 0 && first.failures.length === 0;
  if (isUnexplained) console.error(`vitest ended with ${first.code ?? 'a signal'} although no test failed: see above`);
  return { passed: first.passed + (first.failures.length - failures.length), failures, isUnexplained };
}

const wanted = process.argv.slice(2);
const rounds = [await bothRuns('first', vitest, [...arguments_, ...wanted])];
// The console shows what the documented products show in both wirings.
if (wanted.length === 0 && kafka.ok && env.SLUICE_TEST_BROWSER !== '0') {
  console.log('\n== the console once more, through the edge of the distributed wiring');
  const args = ['--project', 'browser', '-t', '(LT|LC|LU|ET|LG)-[0-9]'];
  rounds.push(await bothRuns('edge', path.join(root, 'tools', 'console-over-kafka.mjs'), args));
}
rmSync(scratch, { recursive: true, force: true });
const failures = rounds.flatMap((round) => round.failures);
const passed = rounds.reduce((sum, round) => sum + round.passed, 0);
const failed = failures.length + rounds.filter((round) => round.isUnexplained).length;
for (const failure of failures) console.error(`FAILED ${nameOf(failure)}\n       ${failure.message.split('\n')[0]}`);
if (passed + failed === 0) console.error('no test ran');
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
