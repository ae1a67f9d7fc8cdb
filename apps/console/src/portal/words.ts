import { ApiError } from '../api/api-error.ts';

/** What an error means to somebody who knows nothing of us. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Something went wrong.';
  if (error.status === 401) return 'This link has ended. Ask for a new one where you got it.';
  const [first] = error.errors;
  if (error.requestId !== null) return `${error.message} (request ${error.requestId})`;
  return first ? `${error.message} (${first.message})` : error.message;
}
