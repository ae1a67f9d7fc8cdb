import { AlongsideConflictError } from '@sluice/event-store';
import { registryError } from '../registry.errors.ts';

/** @throws AppError 409 when the change broke the index that keeps external keys apart; else it returns. */
export function refuseTakenKey(error: unknown, constraint: string): void {
  if (!(error instanceof AlongsideConflictError) || error.constraint !== constraint) return;
  throw registryError('external_key_taken', 'another one of its kind in the app has this external key', {
    errors: [{ pointer: '/externalKey', message: 'is taken by another' }],
    cause: error,
  });
}
