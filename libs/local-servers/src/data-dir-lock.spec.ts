import { createHash } from 'node:crypto';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataDir } from './data-dir-lock.ts';
import { startOf } from './process-identity.ts';

let dir: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'sluice-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve));
  }
  rmSync(dir, { recursive: true, force: true });
});

/** Another process that tries to hold `dir`: says what came of it and, when it holds it, lives until it is ended. */
function contender(): Promise<{ child: ChildProcess; said: string }> {
  const script = `
    const { lockDataDir } = await import(${JSON.stringify(path.join(import.meta.dirname, 'data-dir-lock.ts'))});
    try { await lockDataDir(${JSON.stringify(dir)}); console.log('holds'); setInterval(() => undefined, 1000); }
    catch (error) { console.log(error.message); }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve({ child, said: chunk.toString().trim() })),
  );
}

async function kill9(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

test('a second process on the same data directory is told who has it and what to do', async () => {
  const { child, said } = await contender();
  expect(said).toBe('holds');
  const refusal = lockDataDir(dir);
  await expect(refusal).rejects.toThrow(`another Sluice is running on ${dir} (pid ${child.pid}`);
  await expect(refusal).rejects.toThrow('SLUICE_DATA_DIR');
});

test('the lock of a process that was killed is cleared', async () => {
  const { child } = await contender();
  await kill9(child);
  expect(existsSync(path.join(dir, 'lock.json'))).toBe(true);
  const lock = await lockDataDir(dir);
  await lock.release();
});

test('a pid that another process has got since is nobody who holds it', async () => {
  writeFileSync(
    path.join(dir, 'lock.json'),
    JSON.stringify({ pid: process.pid, startedAt: 'some time ago', since: 'then' }),
  );
  await expect(lockDataDir(dir)).resolves.toMatchObject({ dir });
});

test('of several that find a dead lock at the same moment, exactly one gets it', async () => {
  writeFileSync(path.join(dir, 'lock.json'), JSON.stringify({ pid: 999_999_999, startedAt: 'never', since: 'then' }));
  const results = await Promise.all(Array.from({ length: 6 }, contender));
  expect(results.filter(({ said }) => said === 'holds')).toHaveLength(1);
  expect(results.filter(({ said }) => said.startsWith('another Sluice is running on'))).toHaveLength(5);
  const drafts = readdirSync(dir).filter((name) => name.startsWith('lock.json.'));
  expect(drafts).toEqual([]);
});

test('of many that find a dead lock, again and again, never two get it', async () => {
  for (let round = 0; round < 50; round++) {
    const found = path.join(dir, String(round));
    mkdirSync(found);
    writeFileSync(path.join(found, 'lock.json'), '{"pid":999999999,"startedAt":"never","since":"then"}');
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataDir(found)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  }
});

test('a successor that died before it replaced the lock has a successor of its own', async () => {
  const dead = JSON.stringify({ pid: 999_999_999, startedAt: 'never', since: 'then' });
  const follower = JSON.stringify({ pid: 999_999_998, startedAt: 'never', since: 'later' });
  const name = createHash('sha256').update(dead).digest('hex').slice(0, 32);
  writeFileSync(path.join(dir, 'lock.json'), dead);
  writeFileSync(path.join(dir, `lock.json.after.${name}`), follower);
  const results = await Promise.all(Array.from({ length: 3 }, contender));
  expect(results.filter(({ said }) => said === 'holds')).toHaveLength(1);
  expect(readdirSync(dir).filter((found) => found.startsWith('lock.json.'))).toEqual([]);
});

test('a lock file that a crash cut short does not block', async () => {
  writeFileSync(path.join(dir, 'lock.json'), '{"pid": 12');
  await expect(lockDataDir(dir)).resolves.toMatchObject({ dir });
});

test('released, it can be taken again; a release twice harms nobody', async () => {
  const first = await lockDataDir(dir);
  await first.release();
  const second = await lockDataDir(dir);
  await first.release();
  await expect(lockDataDir(dir)).rejects.toThrow('another Sluice');
  await second.release();
});

test('it creates the directory for its owner only', async () => {
  const inner = path.join(dir, 'a', 'b');
  const lock = await lockDataDir(inner);
  expect(statSync(inner).mode & 0o777).toBe(0o700);
  await lock.release();
});

test('data of a newer version is refused and left alone', async () => {
  writeFileSync(path.join(dir, 'layout'), '7\n');
  await expect(lockDataDir(dir)).rejects.toThrow(/written by a newer version of Sluice \(layout 7, this one knows 1\)/);
  expect(readFileSync(path.join(dir, 'layout'), 'utf8')).toBe('7\n');
  expect(existsSync(path.join(dir, 'lock.json'))).toBe(false);
});

test('a directory that cannot be written is named, with what to do', async () => {
  writeFileSync(path.join(dir, 'file'), '');
  await expect(lockDataDir(path.join(dir, 'file', 'data'))).rejects.toThrow(
    /the data directory .* cannot be .*SLUICE_DATA_DIR/,
  );
});

test('a process that ended has no start any more', async () => {
  const { child } = await contender();
  expect(startOf(child.pid ?? 0)).not.toBeNull();
  await kill9(child);
  expect(startOf(child.pid ?? 0)).toBeNull();
});
