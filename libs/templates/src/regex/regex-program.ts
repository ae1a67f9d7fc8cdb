import { RegexParser } from './regex-parser.ts';
import { RegexError } from './regex-syntax.ts';
import type { Assertion, CharTest, RegexNode } from './regex-syntax.ts';

/** Counted repeats are written out, so this bounds them; every instruction may cost one step per character of the text. */
const MAX_INSTRUCTIONS = 2000;

export type Instruction =
  | { op: 'char'; test: CharTest }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  | { op: 'assert'; what: Assertion }
  | { op: 'match' };

export interface RegexProgram {
  code: readonly Instruction[];
  /** Two slots per group, the whole match being group 0. */
  slots: number;
  groups: number;
  names: ReadonlyMap<string, number>;
}

/** @throws RegexError */
export function compileRegex(pattern: string, ignoreCase: boolean): RegexProgram {
  const { root, groups, names } = new RegexParser(pattern, { ignoreCase, multiLine: false, dotAll: false }).parse();
  const code: Instruction[] = [];
  emit(code, { kind: 'group', node: root, index: 0 });
  code.push({ op: 'match' });
  return { code, slots: 2 * (groups + 1), groups, names };
}

function push(code: Instruction[], instruction: Instruction): number {
  if (code.length >= MAX_INSTRUCTIONS) throw new RegexError('the pattern is too large');
  return code.push(instruction) - 1;
}

function emit(code: Instruction[], node: RegexNode): void {
  switch (node.kind) {
    case 'empty':
      return;
    case 'char':
      push(code, { op: 'char', test: node.test });
      return;
    case 'assert':
      push(code, { op: 'assert', what: node.what });
      return;
    case 'sequence':
      for (const item of node.items) emit(code, item);
      return;
    case 'either':
      emitEither(code, node.items);
      return;
    case 'group':
      push(code, { op: 'save', slot: 2 * node.index });
      emit(code, node.node);
      push(code, { op: 'save', slot: 2 * node.index + 1 });
      return;
    case 'repeat':
      emitRepeat(code, node);
  }
}

function emitEither(code: Instruction[], items: readonly RegexNode[]): void {
  const jumps: { op: 'jump'; to: number }[] = [];
  items.forEach((item, index) => {
    if (index === items.length - 1) {
      emit(code, item);
      return;
    }
    const split = { op: 'split' as const, first: code.length + 1, second: 0 };
    push(code, split);
    emit(code, item);
    const jump = { op: 'jump' as const, to: 0 };
    push(code, jump);
    jumps.push(jump);
    split.second = code.length;
  });
  for (const jump of jumps) jump.to = code.length;
}

function emitRepeat(code: Instruction[], node: RegexNode & { kind: 'repeat' }): void {
  for (let count = 0; count < node.min; count += 1) emit(code, node.node);
  if (node.max === Infinity) {
    const split = push(code, { op: 'jump', to: 0 });
    emit(code, node.node);
    push(code, { op: 'jump', to: split });
    code[split] = branch(node.greedy, split + 1, code.length);
    return;
  }
  const splits: number[] = [];
  for (let count = node.min; count < node.max; count += 1) {
    splits.push(push(code, { op: 'jump', to: 0 }));
    emit(code, node.node);
  }
  for (const split of splits) code[split] = branch(node.greedy, split + 1, code.length);
}

function branch(greedy: boolean, inside: number, behind: number): Instruction {
  return greedy ? { op: 'split', first: inside, second: behind } : { op: 'split', first: behind, second: inside };
}
