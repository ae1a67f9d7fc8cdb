import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const evaluate = (script: string): unknown => {
  const module = path.join(import.meta.dirname, 'node-version.mjs');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `import * as version from ${JSON.stringify(module)}; ${script}`],
    {
      encoding: 'utf8',
    },
  );
  if (stderr) throw new Error(stderr);
  return JSON.parse(stdout);
};

test.each([
  ['v18.20.0', true, /needs Node.js 20.19 or newer .*this is v18.20.0/],
  ['v20.18.3', true, /needs Node.js 20.19/],
  ['v20.19.0', true, /^null$/],
  ['v22.1.0', true, /^null$/],
  ['v24.10.0', false, /needs Node.js 24.11 or newer, and this is v24.10.0/],
  ['v22.22.0', false, /needs Node.js 24.11/],
  ['v24.11.0', false, /^null$/],
  ['v25.0.0', false, /^null$/],
])('Node %s, where the install brings the right one: %j', (version, brings, message) => {
  const problem = evaluate(`console.log(JSON.stringify(version.nodeProblem(${JSON.stringify(version)}, ${brings})))`);
  expect(String(problem)).toMatch(message);
});

test.each([
  ['two processors', '', 2, '--v8-pool-size=1'],
  [
    'one processor, and options of the operator',
    '--max-semi-space-size=16',
    1,
    '--max-semi-space-size=16 --v8-pool-size=1',
  ],
  ['the operator has said how many', '--v8-pool-size=3', 2, '--v8-pool-size=3'],
  ['many processors', '', 8, ''],
])('helpers of V8: %s', (_case, given, processors, options) => {
  const script = `console.log(JSON.stringify(version.nodeOptions(${JSON.stringify(given)}, ${processors})))`;
  expect(evaluate(script)).toBe(options);
});

test('an app that does not exist is wrong usage: exit code 2', () => {
  const { status, stderr } = spawnSync(process.execPath, [path.join(import.meta.dirname, 'start.mjs'), 'nothing'], {
    encoding: 'utf8',
  });
  expect(stderr).toContain('usage: node tools/start.mjs standalone|distributed');
  expect(status).toBe(2);
});

test('the command that start.mjs prints has the words that were meant, whatever is in them', () => {
  const words = ['env', "PATH=/a b:/o'clock:$HOME", '`id`', '"', '', 'é\\n'];
  const module = path.join(import.meta.dirname, 'shell-command.mjs');
  const script = `const { shellCommand } = await import(${JSON.stringify(module)});
    console.log(JSON.stringify(shellCommand(${JSON.stringify(words)})))`;
  const command = String(evaluate(script));
  const { stdout } = spawnSync('/bin/sh', ['-c', `printf '<%s>' ${command}`], { encoding: 'utf8' });
  expect(stdout).toBe(words.map((word) => `<${word}>`).join(''));
});

const installed = {
  'node_modules/a': { version: '1.0.0' },
  'node_modules/@sluice/x': { resolved: 'libs/x', link: true },
};
test.each([
  ['the same', installed, true],
  ['another version', { 'node_modules/a': { version: '1.0.1' } }, false],
  ['a package that is missing', { 'node_modules/b': { version: '1.0.0' } }, false],
  [
    'a missing optional one, of another platform',
    { ...installed, 'node_modules/b': { version: '1.0.0', optional: true } },
    true,
  ],
  ['a new workspace', { 'node_modules/@sluice/y': { resolved: 'libs/y', link: true } }, false],
])('whether npm ci has to run: %s', (_, wanted, matches) => {
  const module = path.join(import.meta.dirname, 'prepare.mjs');
  const script = `const { installedMatchesLock } = await import(${JSON.stringify(module)});
    console.log(JSON.stringify(installedMatchesLock(${JSON.stringify(wanted)}, ${JSON.stringify(installed)})))`;
  expect(evaluate(script)).toBe(matches);
});
