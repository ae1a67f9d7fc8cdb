import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CodeCall, CodeError, CodeResult, ConsoleLine } from './code-call.ts';
import { timeoutMessage } from './guest-error.rules.ts';
import type { ThreadMessage } from './thread-message.ts';

/** Stands beside this file: `.ts` under test, `.js` when it was built. */
const THREAD = new URL(`./sandbox-thread${path.extname(import.meta.url)}`, import.meta.url);
/** Of the thread's own heap and stack; the engine's memory lies outside it and has a bound of its own per call. */
const RESOURCES = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 8 };
/** A machine under load may need seconds to start a thread. */
const START_MS = 30_000;
/** The engine looks at the clock between any two calls or jumps; what does not come to that is ended from outside. */
export const GRACE_MS = 100;

interface Work {
  call: CodeCall;
  console: ConsoleLine[];
  timer: NodeJS.Timeout;
  resolve(result: CodeResult): void;
}

/** One thread: runs one call at a time, and is ended when that call does not keep its bounds. */
export class Thread {
  readonly #worker: Worker;
  #work: Work | null = null;
  #isReady = false;
  /** No call may be given to it any more. */
  isGone = false;
  /** How many calls it has taken up. */
  calls = 0;

  constructor() {
    this.#worker = new Worker(THREAD, { execArgv: [], env: {}, resourceLimits: RESOURCES });
    this.#worker.on('message', (message: ThreadMessage) => this.#hear(message));
    this.#worker.on('error', (error: Error) => this.#break(`the thread broke: ${error.message}`));
    this.#worker.on('exit', () => this.#break('the thread ended'));
    this.#worker.unref();
  }

  /** Never rejects. The thread must be idle. */
  run(call: CodeCall): Promise<CodeResult> {
    this.calls += 1;
    this.#worker.ref();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.end(unavailable('no thread could be started in time')), START_MS);
      this.#work = { call, console: [], timer, resolve };
      if (this.#isReady) this.#worker.postMessage(call);
    });
  }

  /** Ends the thread and its call with it. */
  end(error: CodeError): void {
    this.isGone = true;
    void this.#worker.terminate();
    this.#fail(error);
  }

  /** Ends an idle thread. */
  async close(): Promise<void> {
    this.isGone = true;
    await this.#worker.terminate();
  }

  #hear(message: ThreadMessage): void {
    if (message.kind === 'ready') {
      this.#isReady = true;
      if (this.#work) this.#worker.postMessage(this.#work.call);
      return;
    }
    const work = this.#work;
    if (!work) return;
    if (message.kind === 'started') {
      const { timeMs } = work.call;
      clearTimeout(work.timer);
      const error: CodeError = { code: 'code_timeout', message: timeoutMessage(timeMs) };
      work.timer = setTimeout(() => this.end(error), timeMs + GRACE_MS);
    } else if (message.kind === 'line') work.console.push(message.line);
    else this.#finish(message.result);
  }

  #break(message: string): void {
    this.isGone = true;
    this.#fail(unavailable(message));
  }

  #fail(error: CodeError): void {
    this.#finish({ ok: false, error, console: this.#work?.console ?? [] });
  }

  #finish(result: CodeResult): void {
    const work = this.#work;
    if (!work) return;
    this.#work = null;
    clearTimeout(work.timer);
    this.#worker.unref();
    work.resolve(result);
  }
}

function unavailable(message: string): CodeError {
  return { code: 'code_unavailable', message };
}
