/**
 * A local server could not be started, for a reason that a person can act on. The message is complete by itself (what,
 * where, what to do): print it without a stack trace and exit with 1.
 */
export class LocalServerError extends Error {
  override readonly name = 'LocalServerError';
}

/** The message of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for a Node system error with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
