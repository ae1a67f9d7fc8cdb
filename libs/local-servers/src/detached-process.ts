import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalServerError } from './local-server.errors.ts';
import { signalProcess } from './process-identity.ts';

export interface ExitReason {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Signals to try in turn, each with the time that it may take. */
export type StopStages = readonly (readonly [NodeJS.Signals, patienceMs: number])[];

/** A server in a session of its own: Ctrl-C reaches our process group only, so the services can stop before it. */
export class DetachedProcess {
  readonly pid: number;
  /** Never rejects. */
  readonly exited: Promise<ExitReason>;
  readonly #child: ChildProcess;
  readonly #name: string;

  private constructor(name: string, child: ChildProcess, pid: number) {
    this.#name = name;
    this.#child = child;
    this.pid = pid;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    child.unref(); // whoever waits for it decides how long we live
  }

  static spawn(
    name: string,
    command: string,
    args: readonly string[],
    options: SpawnOptions,
  ): Promise<DetachedProcess> {
    const child = spawn(command, args, { ...options, detached: true });
    return new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new LocalServerError(`${name} cannot be run: ${error.message}`)));
      child.once('spawn', () => resolve(new DetachedProcess(name, child, child.pid ?? 0)));
    });
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.hasExited) signalProcess(this.pid, signal); // afterwards the number may be somebody else's
  }

  async stop(stages: StopStages): Promise<void> {
    this.#child.ref();
    for (const [signal, patienceMs] of stages) {
      this.signal(signal);
      if (await this.#endsWithin(patienceMs)) return;
    }
    throw new LocalServerError(`${this.#name} (pid ${this.pid}) does not end, not even by ${stages.at(-1)?.[0]}`);
  }

  async kill9(): Promise<void> {
    this.#child.ref();
    this.signal('SIGKILL');
    await this.exited;
  }

  async #endsWithin(ms: number): Promise<boolean> {
    const patience = new AbortController(); // a timer left behind would keep our process alive
    const tooLong = sleep(ms, false, { signal: patience.signal }).catch(() => false);
    const ended = await Promise.race([this.exited.then(() => true), tooLong]);
    patience.abort();
    return ended;
  }
}
