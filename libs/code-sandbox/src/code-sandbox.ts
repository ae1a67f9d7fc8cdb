import type { CodeCall, CodeResult } from './code-call.ts';
import { TenantTurns } from './tenant-turns.ts';
import { Thread } from './thread.ts';

export interface CodeSandboxOptions {
  /** Calls at a time. Threads are started when they are needed. */
  threads: number;
  /** An idle thread is ended after so long; one minute unless given. */
  idleMs?: number;
  /** A thread is replaced after so many calls, so that nothing grows for ever; 500 unless given. */
  callsPerThread?: number;
}

interface Waiting {
  call: CodeCall;
  resolve(result: CodeResult): void;
  /** Set once it runs. */
  thread: Thread | null;
}

interface Idle {
  thread: Thread;
  timer: NodeJS.Timeout;
}

const STOPPED = { code: 'code_unavailable', message: 'the process is shutting down' } as const;

/**
 * Runs customers' JavaScript in threads. Tenants take turns, and one alone never gets the last thread (when there is
 * more than one), so that one tenant's runaways do not hold up another's code; within a tenant its lanes (flows) take turns.
 */
export class CodeSandbox {
  readonly #options: Required<CodeSandboxOptions>;
  readonly #turns: TenantTurns<Waiting>;
  readonly #idle: Idle[] = [];
  readonly #busy = new Set<Thread>();
  #isClosed = false;

  constructor(options: CodeSandboxOptions) {
    this.#options = { idleMs: 60_000, callsPerThread: 500, ...options };
    this.#turns = new TenantTurns(Math.max(1, options.threads - 1));
  }

  /** Never rejects: whatever the code does, and if no thread can be had, the result says so. */
  async run(call: CodeCall, signal?: AbortSignal): Promise<CodeResult> {
    if (this.#isClosed || signal?.aborted) return stopped();
    const waiting: Waiting = { call, resolve: () => {}, thread: null };
    const abort = (): void => this.#stop(waiting);
    signal?.addEventListener('abort', abort, { once: true });
    const result = await new Promise<CodeResult>((resolve) => {
      waiting.resolve = resolve;
      this.#turns.add(call.tenant, call.lane, waiting);
      this.#serve();
    });
    signal?.removeEventListener('abort', abort);
    return result;
  }

  /** Ends all threads; what runs or waits ends as `code_unavailable`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { resolve } of this.#turns.clear()) resolve(stopped());
    for (const thread of this.#busy) thread.end(STOPPED);
    await Promise.all(this.#idle.splice(0).map(closeIdle));
  }

  #stop(waiting: Waiting): void {
    if (waiting.thread) return waiting.thread.end(STOPPED);
    this.#turns.remove(waiting.call.tenant, waiting.call.lane, waiting);
    waiting.resolve(stopped());
  }

  #serve(): void {
    while (this.#busy.size < this.#options.threads) {
      const waiting = this.#turns.next();
      if (!waiting) return;
      void this.#give(waiting);
    }
  }

  async #give(waiting: Waiting): Promise<void> {
    const thread = this.#take();
    waiting.thread = thread;
    this.#busy.add(thread);
    const result = await thread.run(waiting.call);
    this.#busy.delete(thread);
    this.#turns.done(waiting.call.tenant);
    waiting.resolve(result);
    this.#keep(thread);
    this.#serve();
  }

  #take(): Thread {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      clearTimeout(idle.timer);
      if (!idle.thread.isGone) return idle.thread;
    }
    return new Thread();
  }

  #keep(thread: Thread): void {
    if (thread.isGone) return;
    if (this.#isClosed || thread.calls >= this.#options.callsPerThread) return void thread.close();
    const idle: Idle = { thread, timer: setTimeout(() => this.#drop(idle), this.#options.idleMs).unref() };
    this.#idle.push(idle);
  }

  #drop(idle: Idle): void {
    const index = this.#idle.indexOf(idle);
    if (index >= 0) this.#idle.splice(index, 1);
    void idle.thread.close();
  }
}

function stopped(): CodeResult {
  return { ok: false, error: STOPPED, console: [] };
}

function closeIdle({ thread, timer }: Idle): Promise<void> {
  clearTimeout(timer);
  return thread.close();
}
