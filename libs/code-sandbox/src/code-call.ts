/** What is to be run, and within which bounds. Crosses to a thread as it is. */
export interface CodeCall {
  /** The body of an async function of `input`. */
  source: string;
  /** JSON. */
  inputJson: string;
  /** Whose code it is: one tenant's calls never take all threads. */
  tenant: string;
  /** Which of the tenant's: those with something waiting take turns. */
  lane: string;
  /** The same seed gives the same random numbers. */
  seed: string;
  /** The time that the code is told; it stands still. */
  nowMs: number;
  /** From the moment a thread takes it up. */
  timeMs: number;
  /** 32 MiB unless given. */
  memoryBytes?: number;
  /** Characters of the result as JSON; 262,144 unless given. */
  maxResultChars?: number;
}

export type CodeErrorCode =
  /** It was thrown, or the result is not JSON. */
  | 'code_failed'
  /** It does not parse. */
  | 'code_syntax'
  | 'code_timeout'
  | 'code_memory'
  | 'code_result_too_large'
  /** No thread could be had; the code did not run. */
  | 'code_unavailable';

export interface CodeError {
  code: CodeErrorCode;
  /** With line and column of the source where they are known. */
  message: string;
}

/** What the code wrote with `console`, in order, at most `CONSOLE_LINES` lines and `CONSOLE_CHARS` characters. */
export type ConsoleLine = { level: 'log' | 'info' | 'warn' | 'error' | 'debug'; text: string };

export type CodeResult =
  | { ok: true; json: string; console: ConsoleLine[] }
  | { ok: false; error: CodeError; console: ConsoleLine[] };

export const CONSOLE_LINES = 100;
export const CONSOLE_CHARS = 16_384;
export const DEFAULT_MEMORY_BYTES = 32 << 20;
export const DEFAULT_RESULT_CHARS = 262_144;
