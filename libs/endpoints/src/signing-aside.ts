import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { ed25519Key, ed25519Sign, SIGNATURE_BYTES } from './ed25519.ts';
import { packed, type SigningItem } from './signing-batch.ts';

/** Stands beside this file: `.ts` under test, `.js` when it was built. */
const THREAD = new URL(`./signing-thread${path.extname(import.meta.url)}`, import.meta.url);
const RESOURCES = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8, stackSizeMb: 1 };
const IDLE_MS = 60_000;
/** One that is signed, and one that waits for it, so that the thread is never without work. */
const BATCHES_OUT = 2;
/** After so many breaks the thread is not started again. */
const MOST_BREAKS = 3;

interface Waiting extends SigningItem {
  resolve(signature: Buffer): void;
}

/**
 * Signs with ed25519 on a thread of its own, many at a time: of the 31 µs that a signature takes, its caller's thread
 * keeps about 3. `crypto.sign` with a callback does not do that: waking one of libuv's threads for each signature took
 * as long as the signature. The thread is started by the first call and ended after a minute without any (it holds
 * about 10 MiB). When it breaks, signatures are made here.
 */
export class SigningAside {
  readonly #onBreak: (error: Error) => void;
  readonly #thread: URL;
  #worker: Worker | null = null;
  #waiting: Waiting[] = [];
  /** In the order in which the thread answers. */
  readonly #out: Waiting[][] = [];
  #isGathering = false;
  #breaks = 0;
  #idle: NodeJS.Timeout | null = null;

  /** @param onBreak told what ended the thread; nothing is lost by it. */
  constructor(onBreak: (error: Error) => void, thread: URL = THREAD) {
    this.#onBreak = onBreak;
    this.#thread = thread;
  }

  /** @param seed 32 bytes. Never rejects. */
  sign(seed: Uint8Array, message: Uint8Array): Promise<Buffer> {
    if (this.#breaks >= MOST_BREAKS) return Promise.resolve(signedHere({ seed, message }));
    return new Promise((resolve) => {
      this.#waiting.push({ seed, message, resolve });
      if (this.#isGathering || this.#out.length >= BATCHES_OUT) return;
      this.#isGathering = true;
      // What else comes in this turn of the event loop goes along.
      setImmediate(() => {
        this.#isGathering = false;
        this.#send();
      });
    });
  }

  /** Ends the thread; what waits is signed here. */
  async close(): Promise<void> {
    this.#breaks = MOST_BREAKS;
    const worker = this.#worker;
    this.#forget();
    this.#signHere();
    await worker?.terminate();
  }

  #send(): void {
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#out.push(batch);
    const memory = packed(batch);
    this.#started().postMessage(memory, [memory]);
  }

  #started(): Worker {
    if (this.#idle) this.#idle.refresh();
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#thread, { execArgv: [], env: {}, resourceLimits: RESOURCES });
    worker.on('message', (signatures: ArrayBuffer) => this.#hear(worker, signatures));
    worker.on('error', (error: Error) => this.#break(worker, error));
    worker.on('exit', () => this.#break(worker, new Error('the thread ended')));
    worker.unref();
    this.#worker = worker;
    this.#idle = setInterval(() => this.#endIdle(), IDLE_MS).unref();
    return worker;
  }

  #hear(worker: Worker, memory: ArrayBuffer): void {
    if (worker !== this.#worker) return;
    const batch = this.#out.shift() ?? [];
    for (const [index, { resolve }] of batch.entries())
      resolve(Buffer.from(memory, index * SIGNATURE_BYTES, SIGNATURE_BYTES));
    this.#send();
  }

  #endIdle(): void {
    if (this.#out.length > 0 || this.#waiting.length > 0) return;
    const worker = this.#worker;
    this.#forget();
    void worker?.terminate();
  }

  #break(worker: Worker, error: Error): void {
    if (worker !== this.#worker) return;
    this.#breaks++;
    this.#forget();
    this.#onBreak(error);
    this.#signHere();
  }

  #forget(): void {
    this.#worker = null;
    if (this.#idle) clearInterval(this.#idle);
    this.#idle = null;
  }

  #signHere(): void {
    const left = [...this.#out.splice(0).flat(), ...this.#waiting.splice(0)];
    for (const item of left) item.resolve(signedHere(item));
  }
}

function signedHere({ seed, message }: SigningItem): Buffer {
  return ed25519Sign(message, ed25519Key(seed));
}
