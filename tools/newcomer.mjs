// The newcomer's test: a fresh clone of HEAD, `npm start` on a free port, the printed curl as it is, its delivery in the
// same terminal, Ctrl-C, nothing left behind; then once more, on what the first start made.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireNode, root } from './node-version.mjs';

requireNode();

const INSTALL_AND_READY_MS = 300_000;
const READY_MS = 30_000;
const DELIVERY_MS = 15_000;
const STOP_MS = 25_000;

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** As a newcomer has it: none of our settings, and not inside another npm. */
function plainEnvironment(extra) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|SLUICE_|VITEST|NODE_OPTIONS|HOST$|PORT$|REQUIRE_)/i.test(name),
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/** Processes that work in a directory or were started from it. */
function processesOf(directory) {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return cwd.startsWith(directory) || command.includes(directory);
    } catch {
      return false; // ended meanwhile, or not ours to see
    }
  });
}

class Terminal {
  output = '';
  exit = null;

  constructor(clone) {
    // A process group of its own, so that Ctrl-C can be sent as a terminal sends it: to all of it at once.
    this.child = spawn('npm', ['start'], {
      cwd: clone,
      env: plainEnvironment({ PORT: '0' }),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.child.stdout.on('data', (chunk) => (this.output += chunk));
    this.child.stderr.on('data', (chunk) => (this.output += chunk));
    this.child.once('close', (code, signal) => (this.exit = { code, signal }));
    this.child.once('error', (error) => (this.exit = { error }));
  }

  async waitFor(pattern, what, timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.exit) throw new Error(`npm start ended (${JSON.stringify(this.exit)}) before ${what}`);
      if (Date.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs / 1000} s`);
      await sleep(50);
    }
  }

  async pressCtrlC() {
    process.kill(-this.child.pid, 'SIGINT');
    const deadline = Date.now() + STOP_MS;
    while (!this.exit) {
      if (Date.now() > deadline) throw new Error(`it did not stop within ${STOP_MS / 1000} s of Ctrl-C`);
      await sleep(50);
    }
    if (this.exit.code !== 0 && this.exit.signal !== 'SIGINT' && this.exit.code !== 130) {
      throw new Error(`Ctrl-C ended it with ${JSON.stringify(this.exit)} instead of cleanly`);
    }
  }
}

async function visit(clone, timeoutMs, isFirst) {
  const start = Date.now();
  let stop = 0;
  const terminal = new Terminal(clone);
  try {
    const [, address] = await terminal.waitFor(/^Sluice is ready at (http\S+)$/m, 'the ready line', timeoutMs);
    console.log(`  ready at ${address} after ${seconds(start)}`);
    const [, curl] = await terminal.waitFor(/^\s*(curl .+)$/m, 'the printed curl', 5_000);
    const token = /token.*: \S+/.test(terminal.output);
    if (token !== isFirst)
      throw new Error(
        isFirst ? "the administrator's token was not printed" : "the administrator's token was printed again",
      );
    const { status, stdout, stderr } = spawnSync('bash', ['-c', curl], { encoding: 'utf8', env: plainEnvironment({}) });
    if (status !== 0) throw new Error(`the printed curl failed: ${stderr}`);
    console.log(`  curl answered ${stdout.trim()}`);
    const [line] = await terminal.waitFor(/^delivery .*$/m, 'the delivery', DELIVERY_MS);
    if (!line.includes('signature valid')) throw new Error(`the delivery is not signed: ${line}`);
    console.log(`  ${line}`);
    stop = Date.now();
    await terminal.pressCtrlC();
  } catch (error) {
    console.error(terminal.output);
    throw error;
  } finally {
    if (!terminal.exit) process.kill(-terminal.child.pid, 'SIGKILL');
  }
  // npm's shell dies of Ctrl-C at once, and npm with it; what they started is allowed its time.
  for (const deadline = Date.now() + STOP_MS; processesOf(clone).length > 0; await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`still running: ${processesOf(clone).join(', ')}`);
  }
  console.log(`  nothing left after ${seconds(stop)}`);
}

// As root this directory is closed to every other user, PostgreSQL's too: that has to work as well.
const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-newcomer-'));
const clone = path.join(scratch, 'sluice');
try {
  execFileSync('git', ['clone', '--quiet', root, clone]);
  console.log('first start, on a clean clone:');
  await visit(clone, INSTALL_AND_READY_MS, true);
  console.log('second start:');
  await visit(clone, READY_MS, false);
  console.log("newcomer's test passed");
} catch (error) {
  console.error(`newcomer's test failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const pid of processesOf(clone)) process.kill(Number(pid), 'SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
}
