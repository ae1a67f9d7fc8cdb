/** Where a template is wrong: 1-based line and column of its source (a column counts UTF-16 units). */
export interface TemplateProblem {
  line: number;
  column: number;
  message: string;
  /** The name that was probably meant, when a filter or test is unknown. */
  suggestion?: string;
}

/** The template cannot be compiled: found when it is saved, never while it runs. */
export class TemplateSyntaxError extends Error {
  readonly line: number;
  readonly column: number;
  readonly suggestion: string | undefined;

  constructor(problem: TemplateProblem) {
    super(problem.message);
    this.name = 'TemplateSyntaxError';
    this.line = problem.line;
    this.column = problem.column;
    this.suggestion = problem.suggestion;
  }
}

/**
 * Why a rendering stopped:
 * `budget` too much work or memory; `output` longer than allowed; `depth` nested too deeply; `undefined` a missing value
 * was used; `type` an operation on a value of the wrong kind; `value` a wrong argument; `arithmetic` division by zero or
 * overflow; `unavailable` something the caller did not provide (the time of `now()`).
 */
export type TemplateErrorCode =
  | 'budget'
  | 'output'
  | 'depth'
  | 'undefined'
  | 'type'
  | 'value'
  | 'arithmetic'
  | 'unavailable';

/** A rendering failed. The only error that `Template.evaluate` throws. */
export class TemplateError extends Error {
  readonly code: TemplateErrorCode;
  /** 1-based line of the statement or expression that failed; set when the error leaves `evaluate`. */
  line: number | undefined;

  constructor(code: TemplateErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TemplateError';
    this.code = code;
  }
}

export function typeError(message: string): TemplateError {
  return new TemplateError('type', message);
}

export function valueError(message: string): TemplateError {
  return new TemplateError('value', message);
}
