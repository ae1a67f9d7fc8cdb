/** One problem in an input, with the JSON pointer (RFC 6901) of the value that caused it. */
export interface FieldProblem {
  pointer: string;
  message: string;
}

/** What a service lists in its `*.errors.ts`: the stable code, the HTTP status, and whether trying again may help. */
export interface ErrorDefinition {
  status: number;
  title: string;
  /** `later`: the same request may succeed later (sent with `Retry-After`); `never`: it has to change first. */
  retry: 'later' | 'never';
}

/** The one error class that crosses a service's boundary; HTTP renders it as problem+json (RFC 9457). */
export class AppError extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly retry: 'later' | 'never';
  readonly errors: readonly FieldProblem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    definition: ErrorDefinition,
    detail: string,
    extra: { errors?: readonly FieldProblem[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    // Taking the stack is a tenth of what a refused request costs, and of a caller's own mistake nobody reads it.
    const { stackTraceLimit } = Error;
    if (definition.status < 500) Error.stackTraceLimit = 0;
    super(detail, extra.cause === undefined ? undefined : { cause: extra.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'AppError';
    this.code = code;
    this.status = definition.status;
    this.title = definition.title;
    this.retry = definition.retry;
    this.errors = extra.errors ?? [];
    this.headers = extra.headers ?? {};
  }
}

/** Builds the error constructors of a service from its table of definitions, so that a code cannot be misspelt. */
export function errorFactory<const T extends Record<string, ErrorDefinition>>(definitions: T) {
  return (
    code: keyof T & string,
    detail: string,
    extra?: { errors?: readonly FieldProblem[]; headers?: Record<string, string>; cause?: unknown },
  ): AppError => new AppError(code, definitions[code] as ErrorDefinition, detail, extra);
}
