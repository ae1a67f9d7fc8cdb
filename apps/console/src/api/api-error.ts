/** One value of a request that the server refused: RFC 6901 pointer into the body, and why. */
export interface FieldError {
  pointer: string;
  message: string;
}

interface Problem {
  title?: string;
  detail?: string;
  code?: string;
  requestId?: string;
  errors?: FieldError[];
}

/** An answer that is no success, or none at all (status 0: `unreachable` or `timeout`). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | null;
  /** Of what nobody foresaw: whoever runs Sluice finds it in the log by this. */
  readonly requestId: string | null;

  constructor(status: number, problem: Problem, retryAfterSeconds: number | null = null) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
    this.title = problem.title ?? `Status ${status}`;
    this.errors = problem.errors ?? [];
    this.retryAfterSeconds = retryAfterSeconds;
    this.requestId = problem.requestId ?? null;
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** What `fetch` threw, as an error that says what a person can do about it. */
export function unreachable(cause: unknown): ApiError {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') {
    return new ApiError(0, {
      code: 'timeout',
      title: 'No answer',
      detail: 'The server did not answer in time. It may be busy, or the connection is slow.',
    });
  }
  return new ApiError(0, {
    code: 'unreachable',
    title: 'Not reachable',
    detail: 'The server cannot be reached. Check that Sluice runs and that you are online.',
  });
}

/** The error that an answer stands for, whatever shape a proxy gave its body. */
export function errorOf(response: Response, body: unknown): ApiError {
  const problem = body !== null && typeof body === 'object' ? (body as Problem) : {};
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ApiError(response.status, problem, Number.isFinite(seconds) ? seconds : null);
}
