// Throws what schemathesis makes of /openapi.json at a fresh standalone: valid and invalid, operation by operation and
// in sequences. An answer of 5xx, a status, content type or body that the document does not tell, or a line of level
// error in the product's log is a failure. Bounded in time, with a fixed seed; `--seconds n`, `--seed n`, and everything
// else goes to schemathesis (`--include-path /v1/flows`). Needs schemathesis on PATH or in .cache/schemathesis
// (tools/fuzz-api/requirements.txt).
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { requireNode, root } from './node-version.mjs';
import { plainEnvironment, startStandalone } from './running-standalone.mjs';

requireNode();

const SECONDS = 120;
const SEED = 20260101;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

function takeOption(arguments_, name, fallback) {
  const at = arguments_.indexOf(name);
  return at < 0 ? fallback : Number(arguments_.splice(at, 2)[1]);
}

function run(command, arguments_, cwd) {
  const child = spawn(command, arguments_, { cwd, env: plainEnvironment(), stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

const more = process.argv.slice(2);
const seconds = takeOption(more, '--seconds', SECONDS);
const seed = takeOption(more, '--seed', SEED);
const own = path.join(root, '.cache', 'schemathesis', 'bin', 'schemathesis');
const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-fuzz-')); // it leaves its database of examples where it runs
const system = await startStandalone({ SLUICE_LOG_LEVEL: 'error' });
let code = 1;
try {
  const bearer = `Authorization: Bearer ${system.adminToken}`;
  const bounds = ['--seed', String(seed), '--max-time', String(seconds), '--request-timeout', '30', '--no-shrink'];
  const quiet = ['--suppress-health-check', 'all', '--warnings', 'off', '--continue-on-failure'];
  const checks = ['--checks', CHECKS.join(',')];
  const arguments_ = ['run', `${system.url}/openapi.json`, '--header', bearer, ...checks, ...bounds, ...quiet, ...more];
  code = await run(existsSync(own) ? own : 'schemathesis', arguments_, scratch);
} finally {
  await system.stop();
  rmSync(scratch, { recursive: true, force: true });
}
const errors = system
  .output()
  .split('\n')
  .filter((line) => line.startsWith('{') && /"level":"?(?:error|fatal|50|60)\b/.test(line));
for (const line of errors.slice(0, 20)) console.error(line);
if (errors.length > 0) console.error(`${errors.length} errors in the log`);
process.exit(code === 0 && errors.length === 0 ? 0 : 1);
