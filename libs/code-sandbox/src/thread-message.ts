import type { CodeResult, ConsoleLine } from './code-call.ts';

/** What a thread says to the process. Lines come one by one, so that those of a runaway are there when it is ended. */
export type ThreadMessage =
  | { kind: 'ready' }
  | { kind: 'started' }
  | { kind: 'line'; line: ConsoleLine }
  | { kind: 'done'; result: CodeResult };
