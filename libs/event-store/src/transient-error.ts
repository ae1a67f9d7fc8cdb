/** Thrown by a handler to say: nothing is wrong with the event, something it needs is away; try again later. */
export class TransientError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransientError';
  }
}

/** SQLSTATE classes and codes after which the same statement may succeed (PostgreSQL manual, appendix A). */
const SQL_STATES = /^(08...|53...|57P0[0-9]|57014|25006|25P0[34]|40001|40P01|55P03|55006|XX000)$/;
const SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);
const MESSAGES =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end/;

/** Whether trying the same thing again later can succeed: database, broker or network away, deadlock, restart. */
export function isTransientError(error: unknown): boolean {
  if (error instanceof TransientError) return true;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isTransientError);
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && (SYSTEM.has(code) || SQL_STATES.test(code))) return true;
  if (MESSAGES.test(error.message)) return true;
  return error.cause !== undefined && error.cause !== error && isTransientError(error.cause);
}
