import type { CodeError } from './code-call.ts';

/** What the guest says about what was thrown. All of it is text that a customer's code chose. */
export interface Thrown {
  name: string;
  message: string;
  stack: string;
}

/** The name under which the customer's source is known to the engine. */
export const SOURCE_NAME = 'code';
/** The source begins on the second line of what is evaluated. */
const LINES_BEFORE = 1;
const FRAME = /^\s*at (?:(.{1,100}?) \()?code:(\d+):(\d+)\)?$/;
const MAX_FRAMES = 10;

interface Frame {
  name: string;
  line: number;
  column: number;
}

/** The frames that lie in the customer's source, as lines of it. Others name nothing that he could know. */
export function framesOf(stack: string): Frame[] {
  const frames: Frame[] = [];
  for (const text of stack.split('\n')) {
    const match = FRAME.exec(text);
    const line = Number(match?.[2]) - LINES_BEFORE;
    if (match && line > 0) frames.push({ name: match[1] ?? '', line, column: Number(match[3]) });
    if (frames.length === MAX_FRAMES) break;
  }
  return frames;
}

const OUT_OF_MEMORY = /^(?:out of memory|Maximum array buffer size|.*too large to allocate)/i;

/** The error of a run, and its stack in the customer's lines for the console; null when there is none. */
export function errorOf(thrown: Thrown): { error: CodeError; stack: string | null } {
  const frames = framesOf(thrown.stack);
  const what = [thrown.name, thrown.message].filter((part) => part !== '').join(': ');
  const [first] = frames;
  const place = first ? ` (line ${first.line}, column ${first.column})` : '';
  const isMemory = thrown.name === 'InternalError' && OUT_OF_MEMORY.test(thrown.message);
  const code = isMemory ? 'code_memory' : 'code_failed';
  const lines = frames.map(({ name, line, column }) => `    at ${name === '' ? '' : `${name} `}line ${line}:${column}`);
  const stack = frames.length > 0 ? [`Uncaught ${what}`, ...lines].join('\n') : null;
  return { error: { code, message: `${what}${place}` }, stack };
}

export function timeoutMessage(timeMs: number): string {
  return `the code was stopped: it did not end within ${timeMs} ms`;
}
