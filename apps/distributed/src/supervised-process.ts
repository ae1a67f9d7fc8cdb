import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalProcess } from '@sluice/local-servers';

export interface ProcessPlan {
  name: string;
  /** Path of the program, run by the Node that runs us. */
  main: string;
  nodeOptions: readonly string[];
  env: Readonly<Record<string, string>>;
  /** How far it stands behind others for the processor, 0 to 19 (nice). */
  niceness: number;
}

export interface Watching {
  onPid(name: string, pid: number): void;
  print(line: string): void;
}

/** How it ended before it was ever ready: its own message stands above in the output already. */
export class ProcessFailedError extends Error {
  constructor(name: string, how: string) {
    super(`${name} ${how} before it was ready`);
    this.name = 'ProcessFailedError';
  }
}

const FIRST_DELAY_MS = 300;
const LONGEST_DELAY_MS = 10_000;
/** Whoever ran this long was not broken by its start: the delays begin anew. */
const HEALTHY_MS = 20_000;
const POLL_MS = 50;

/** The delay before the n-th restart in a row (from 0), doubling. */
export function restartDelayMs(inARow: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** Math.min(inARow, 10), LONGEST_DELAY_MS);
}

/** Linux may give each session a share of its own, inside which alone nice counts: then the share stands back. */
function standBack(pid: number, niceness: number): void {
  if (niceness === 0) return;
  try {
    setPriority(pid, niceness);
    const share = `/proc/${pid}/autogroup`;
    if (existsSync(share)) writeFileSync(share, String(niceness));
  } catch (error) {
    // It ended at once, and whoever waits for it says why; or this system has no such share.
    const code = (error as NodeJS.ErrnoException).code;
    const systemCode = (error as { info?: { code?: string } }).info?.code ?? code;
    if (!['ESRCH', 'ENOENT', 'EACCES', 'EPERM', 'EINVAL', 'EIO'].includes(systemCode ?? '')) throw error;
  }
}

/** A Node process that is started again when it dies: at once, then ever more slowly while it keeps dying. */
export class SupervisedProcess {
  private child: ChildProcess | null = null;
  private ended: Promise<void> = Promise.resolve();
  private endedHow: string | null = null;
  private stopping = false;
  private wasReady = false;
  private inARow = 0;

  constructor(
    private readonly plan: ProcessPlan,
    private readonly watching: Watching,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const { name, main, nodeOptions, env } = this.plan;
    const child = spawn(process.execPath, [...nodeOptions, main], {
      env,
      // The channel is how it notices that we were killed (tools/end-with-parent.mjs).
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true, // Ctrl-C is ours: services stop in their turn
    });
    this.child = child;
    this.endedHow = null;
    const startedAt = Date.now();
    this.ended = new Promise((resolve) => {
      const done = (how: string): void => {
        if (this.endedHow !== null) return;
        this.endedHow = how;
        resolve();
        if (Date.now() - startedAt > HEALTHY_MS) this.inARow = 0;
        if (!this.stopping && this.wasReady) void this.restart();
      };
      child.once('error', (error) => done(`could not be run (${error.message})`));
      child.once('exit', (code, signal) => done(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
    });
    if (child.pid === undefined) return;
    this.watching.onPid(name, child.pid);
    standBack(child.pid, this.plan.niceness);
  }

  private async restart(): Promise<void> {
    const delayMs = restartDelayMs(this.inARow++);
    this.watching.print(`${this.plan.name} ${this.endedHow}; starting it again in ${delayMs} ms`);
    await sleep(delayMs);
    if (!this.stopping) this.start();
  }

  /**
   * Resolves once `url` answers 2xx. From then on it is restarted when it dies; before, that is a failure.
   * @throws ProcessFailedError
   */
  async becomesReady(url: string, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await answersOk(url))) {
      if (this.endedHow !== null) throw new ProcessFailedError(this.plan.name, this.endedHow);
      if (Date.now() > deadline)
        throw new ProcessFailedError(this.plan.name, `did not answer ${url} within ${timeoutMs / 1000} s`);
      await sleep(POLL_MS);
    }
    this.wasReady = true;
  }

  /** SIGTERM, and SIGKILL after `patienceMs`. */
  async stop(patienceMs: number): Promise<void> {
    this.stopping = true;
    const pid = this.child?.pid;
    if (pid === undefined || this.endedHow !== null) return;
    signalProcess(pid, 'SIGTERM');
    const timer = setTimeout(() => {
      this.watching.print(`${this.plan.name} does not stop within ${patienceMs / 1000} s: ended`);
      signalProcess(pid, 'SIGKILL');
    }, patienceMs);
    await this.ended;
    clearTimeout(timer);
  }
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_500) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // not listening yet: the caller goes on asking until its deadline
  }
}
