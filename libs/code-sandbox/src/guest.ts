import baseVariant from '@jitl/quickjs-wasmfile-release-sync';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core';
import {
  type CodeCall,
  type CodeError,
  type CodeResult,
  CONSOLE_CHARS,
  CONSOLE_LINES,
  type ConsoleLine,
  DEFAULT_MEMORY_BYTES,
  DEFAULT_RESULT_CHARS,
} from './code-call.ts';
import { errorOf, SOURCE_NAME, type Thrown, timeoutMessage } from './guest-error.rules.ts';
import { GUEST_PRELUDE } from './guest-prelude.ts';
import { Memory, Module } from './web-assembly.ts';

const PAGE_BYTES = 65_536;
/** Of the engine itself: its stack, and what it allocates before the code begins. */
const ENGINE_BYTES = 16 << 20;
const STACK_BYTES = 256 << 10;
/**
 * The engine asks whether to go on after 10,000 calls and jumps; simple loops do 40 a millisecond, work 2 to 3. A bound
 * that does not depend on any clock, far beyond what fits into the time.
 */
const FUEL_PER_MS = 200;
const JOBS_AT_ONCE = 50;

// Its types are those of its CommonJS half, whose default export is the module itself.
const BASE = baseVariant as unknown as QuickJSSyncVariant;
const wasm = new Module(
  readFileSync(createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')),
);

/** Runs one call in an engine of its own and throws the engine away. Blocks the thread for up to the call's time. */
export async function runGuest(call: CodeCall, print: (line: ConsoleLine) => void): Promise<CodeResult> {
  const lines: ConsoleLine[] = [];
  const write = consoleOf((line) => {
    lines.push(line);
    print(line);
  });
  const guest = new Guest(call, await contextOf(call), write);
  const outcome = guest.run();
  if ('json' in outcome) return { ok: true, json: outcome.json, console: lines };
  return { ok: false, error: outcome, console: lines };
}

/** 1.5 ms, against 0.3 for a new context in an engine that others have used: a fault of the engine shows nothing of them. */
async function contextOf({ memoryBytes = DEFAULT_MEMORY_BYTES }: CodeCall): Promise<QuickJSContext> {
  const initial = ENGINE_BYTES / PAGE_BYTES;
  const maximum = initial + Math.ceil(memoryBytes / PAGE_BYTES);
  const wasmMemory = new Memory({ initial, maximum });
  const engine = await newQuickJSWASMModuleFromVariant(newVariant(BASE, { wasmModule: wasm, wasmMemory }));
  const runtime = engine.newRuntime();
  runtime.setMemoryLimit(memoryBytes);
  runtime.setMaxStackSize(STACK_BYTES);
  return runtime.newContext();
}

/** Passes on as much as may be kept; the last line says that more was written. */
function consoleOf(print: (line: ConsoleLine) => void): (level: ConsoleLine['level'], text: string) => void {
  let lines = 0;
  let chars = 0;
  return (level, text) => {
    if (lines > CONSOLE_LINES || chars > CONSOLE_CHARS) return;
    lines += 1;
    const room = CONSOLE_CHARS - chars;
    chars += text.length;
    const isFull = lines > CONSOLE_LINES || chars > CONSOLE_CHARS;
    if (lines <= CONSOLE_LINES && room > 0) print({ level, text: text.slice(0, room) });
    if (isFull) print({ level: 'warn', text: '[more was written than is kept]' });
  };
}

type Outcome = { json: string } | CodeError;

class Guest {
  readonly #call: CodeCall;
  readonly #context: QuickJSContext;
  readonly #runtime: QuickJSRuntime;
  readonly #write: (level: ConsoleLine['level'], text: string) => void;
  readonly #untilMs: number;
  #fuel: number;
  #isOver = false;

  constructor(call: CodeCall, context: QuickJSContext, write: (level: ConsoleLine['level'], text: string) => void) {
    this.#call = call;
    this.#context = context;
    this.#runtime = context.runtime;
    this.#write = write;
    this.#untilMs = performance.now() + call.timeMs;
    this.#fuel = call.timeMs * FUEL_PER_MS;
    this.#runtime.setInterruptHandler(() => this.#mustStop());
  }

  run(): Outcome {
    try {
      return this.#run();
    } catch (error) {
      // The thread's own stack was used up, or the engine broke: either way only this engine, which is thrown away.
      if (this.#isOver) return this.#timeout();
      const isStack = error instanceof RangeError;
      return {
        code: 'code_failed',
        message: isStack ? 'RangeError: the calls are nested too deeply' : 'the engine stopped',
      };
    }
  }

  #run(): Outcome {
    const context = this.#context;
    const write = context.newFunction('write', (level, text) => {
      this.#write(context.getString(level) as ConsoleLine['level'], this.#bounded(text));
    });
    const prelude = context.unwrapResult(context.evalCode(GUEST_PRELUDE, 'prelude'));
    const start = context.unwrapResult(context.callFunction(prelude, context.undefined, write));
    const source = `(async function (input) { 'use strict';\n${this.#call.source}\n})`;
    const code = context.evalCode(source, SOURCE_NAME);
    if (code.error) return this.#refused(code.error);
    const args = [
      code.value,
      context.newString(this.#call.inputJson),
      ...seedOf(this.#call.seed).map((n) => context.newNumber(n)),
    ];
    const promise = context.callFunction(start, context.undefined, ...args);
    if (promise.error) return this.#thrown(promise.error);
    return this.#settle(promise.value);
  }

  /** Does what the promises ask for until the result is there. An endless chain of them is a runaway like any other. */
  #settle(promise: QuickJSHandle): Outcome {
    for (;;) {
      const state = this.#context.getPromiseState(promise);
      if (state.type === 'fulfilled') return this.#result(state.value);
      if (state.type === 'rejected') return this.#thrown(state.error);
      if (this.#mustStop()) return this.#timeout();
      if (!this.#runtime.hasPendingJob()) {
        if (this.#isOver) return this.#timeout();
        return { code: 'code_failed', message: 'the code waits for a promise that nothing settles' };
      }
      const done = this.#runtime.executePendingJobs(JOBS_AT_ONCE);
      if (done.error) return this.#thrown(done.error);
    }
  }

  #result(handle: QuickJSHandle): Outcome {
    const max = this.#call.maxResultChars ?? DEFAULT_RESULT_CHARS;
    const length = this.#lengthOf(handle);
    if (length > max + 1) {
      return {
        code: 'code_result_too_large',
        message: `the result has ${length - 1} characters as JSON, more than ${max}`,
      };
    }
    const text = this.#context.getString(handle);
    if (text.startsWith('v')) return { json: text.slice(1) };
    return this.#told(JSON.parse(text.slice(1)) as Thrown);
  }

  #told(thrown: Thrown): CodeError {
    if (this.#isOver) return this.#timeout();
    const { error, stack } = errorOf(thrown);
    if (stack !== null) this.#write('error', stack);
    return error;
  }

  #refused(handle: QuickJSHandle): CodeError {
    const error = this.#thrown(handle);
    return error.code === 'code_failed' ? { ...error, code: 'code_syntax' } : error;
  }

  /** For what the prelude did not catch: an interruption, no memory left for the promise itself. */
  #thrown(handle: QuickJSHandle): CodeError {
    if (this.#isOver) return this.#timeout();
    if (this.#context.typeof(handle) !== 'object' || this.#context.sameValue(handle, this.#context.null)) {
      return { code: 'code_memory', message: 'no memory was left' };
    }
    const part = (name: string): string => {
      const value = this.#context.getProp(handle, name);
      return this.#context.typeof(value) === 'string' ? this.#bounded(value) : '';
    };
    return this.#told({ name: part('name'), message: part('message'), stack: part('stack') });
  }

  /** A text of the guest may be as long as its memory. */
  #bounded(handle: QuickJSHandle): string {
    return this.#lengthOf(handle) > CONSOLE_CHARS * 2 ? '[text too long]' : this.#context.getString(handle);
  }

  #lengthOf(text: QuickJSHandle): number {
    return this.#context.getNumber(this.#context.getProp(text, 'length'));
  }

  #mustStop(): boolean {
    this.#fuel -= 1;
    this.#isOver ||= this.#fuel < 0 || performance.now() > this.#untilMs;
    return this.#isOver;
  }

  #timeout(): CodeError {
    return { code: 'code_timeout', message: timeoutMessage(this.#call.timeMs) };
  }
}

function seedOf(seed: string): number[] {
  const digest = createHash('sha256').update(seed).digest();
  return [0, 4, 8].map((at) => digest.readInt32LE(at));
}
