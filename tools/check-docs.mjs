// Runs what the pages tell a reader to run: every `sh` block under `<!-- checked -->` in README.md, docs and examples,
// against a fresh standalone, and compares what is printed with the `json` or `text` block that follows (`…` is
// anything). The blocks of a page are one shell, so a later one may use what an earlier one captured. Given:
//   SLUICE_URL   where it listens
//   TOKEN        a token with every right in an app of the page's own, APP_ID
//   ADMIN_TOKEN  the deployment's administrator
// Arguments limit it to some pages.
import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { checkedBlocks, isAsExpected } from './docs-blocks.mjs';
import { requireNode, root } from './node-version.mjs';
import { plainEnvironment, startStandalone } from './running-standalone.mjs';

requireNode();

const PAGE_MS = 120_000;
const wanted = process.argv.slice(2);
const pages = globSync(['README.md', 'docs/**/*.md', 'examples/*.md'], { cwd: root })
  .sort()
  .map((file) => ({ file, blocks: blocksOf(file) }))
  .filter(({ file, blocks }) => blocks.length > 0 && (wanted.length === 0 || wanted.includes(file)));

function blocksOf(file) {
  try {
    return checkedBlocks(readFileSync(path.join(root, file), 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${error.message}`);
  }
}

async function post(system, route, body, app) {
  const answer = await fetch(`${system.url}${route}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${system.adminToken}`,
      'content-type': 'application/json',
      ...(app === undefined ? {} : { 'x-sluice-app': app }),
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`POST ${route}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** What the blocks printed, one text each, up to the first that failed. */
async function outputsOf(blocks, env, marker) {
  const script = blocks.map(({ commands }) => `{\n${commands}\n}\nprintf '\\n%s\\n' '${marker}'\n`).join('');
  const child = spawn('bash', ['-c', `set -euo pipefail\n${script}`], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), PAGE_MS);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { outputs: stdout.split(`\n${marker}\n`), stderr, code };
}

const indented = (text) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

async function check(system, { file, blocks }) {
  const app = await post(system, '/v1/apps', { name: `docs ${file}` });
  const { token } = await post(system, '/v1/tokens', { scopes: ['admin'], note: file }, app.id);
  const { url, adminToken } = system;
  const given = { SLUICE_URL: url, TOKEN: token, APP_ID: app.id, ADMIN_TOKEN: adminToken };
  const marker = `--- end of block of ${app.id} ---`;
  const { outputs, stderr, code } = await outputsOf(blocks, { ...plainEnvironment(), ...given }, marker);
  const failures = [];
  for (const [index, { line, expected }] of blocks.entries()) {
    const isDone = index < outputs.length - 1;
    const output = outputs[index] ?? '';
    if (!isDone) {
      failures.push(`${file}:${line}: the commands failed (exit code ${code})\n${indented(`${output}\n${stderr}`)}`);
      break;
    }
    if (expected && !isAsExpected(output, expected))
      failures.push(`${file}:${line}: printed\n${indented(output)}\n  instead of\n${indented(expected.text)}`);
  }
  return failures;
}

if (pages.length === 0) {
  console.error(`no checked blocks in ${wanted.length === 0 ? 'any page' : wanted.join(', ')}`);
  process.exit(1);
}
const system = await startStandalone();
const failures = [];
try {
  for (const page of pages) {
    const found = await check(system, page);
    failures.push(...found);
    console.log(`${found.length === 0 ? 'ok    ' : 'FAILED'} ${page.file} (${page.blocks.length} blocks)`);
  }
} finally {
  await system.stop();
}
for (const failure of failures) console.error(failure);
process.exit(failures.length === 0 ? 0 : 1);
