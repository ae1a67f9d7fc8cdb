import type { AppError } from '@sluice/contracts';

export const JSON_TYPE = 'application/json; charset=utf-8';
/** LN-07: what a caller is told whose listener has finished. */
export const DONE = '"ok"';

/** LN-04: word for word, and the same whatever of the address is wrong. */
const NOT_FOUND = { message: 'Not Found.', reason: 'error_404' };

/** An error in Lenra's shape; the reason is our code, which docs/errors.md explains. */
export function lenraError(error: Pick<AppError, 'status' | 'message' | 'code'>): { message: string; reason: string } {
  return error.status === 404 ? NOT_FOUND : { message: error.message, reason: error.code };
}
