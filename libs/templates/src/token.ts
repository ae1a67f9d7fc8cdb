import { TemplateSyntaxError } from './template-error.ts';
import type { TemplateProblem } from './template-error.ts';

/** Operators are their own type. */
export type TokenType =
  | 'data'
  | 'variable_begin'
  | 'variable_end'
  | 'block_begin'
  | 'block_end'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'eof'
  | '+'
  | '-'
  | '/'
  | '//'
  | '*'
  | '%'
  | '**'
  | '~'
  | '['
  | ']'
  | '('
  | ')'
  | '{'
  | '}'
  | '=='
  | '!='
  | '>'
  | '>='
  | '<'
  | '<='
  | '='
  | '.'
  | ':'
  | '|'
  | ','
  | ';';

export interface Token {
  type: TokenType;
  /** Text of names, strings (unescaped) and data. */
  text: string;
  /** Value of numbers. */
  value: unknown;
  /** Offset in the source after its line ends became "\n". */
  pos: number;
}

export function describeToken(token: Token): string {
  switch (token.type) {
    case 'name':
      return token.text;
    case 'block_end':
      return 'end of statement block';
    case 'variable_end':
      return 'end of print statement';
    case 'eof':
      return 'end of template';
    default:
      return token.type;
  }
}

/** Line and column of an offset, both from 1. */
export function position(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: before.length - lineStart + 1 };
}

export function problemAt(source: string, offset: number, message: string, suggestion?: string): TemplateProblem {
  const problem: TemplateProblem = { ...position(source, offset), message };
  if (suggestion !== undefined) problem.suggestion = suggestion;
  return problem;
}

export function syntaxError(source: string, offset: number, message: string): TemplateSyntaxError {
  return new TemplateSyntaxError(problemAt(source, offset, message));
}
