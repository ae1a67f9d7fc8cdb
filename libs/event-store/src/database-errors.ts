import { DatabaseError } from 'pg';
import { isTransientError, TransientError } from './transient-error.ts';

/** Whether the connection survived the error, so that it is known that nothing was committed. */
export function isAnswer(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.severity !== 'FATAL' && error.severity !== 'PANIC';
}

/** Two transactions blocked each other; nothing was committed and the same batch may go again at once. */
export function isDeadlock(error: DatabaseError): boolean {
  return error.code === '40P01' || error.code === '40001';
}

/** Integrity constraint violation (SQLSTATE class 23) of a unique or not-null constraint. */
export function mayBeVersionConflict(error: DatabaseError): boolean {
  return error.code === '23505' || error.code === '23502';
}

/** The server answers and takes no rows: disk or memory full, or it is a standby (SQLSTATE 53100, 53200, 25006, 58030). */
export function refusesWrites(error: DatabaseError): boolean {
  return ['53100', '53200', '25006', '58030'].includes(error.code ?? '');
}

/** A row fits none of the partitions (ExecFindPartition reports it as a check violation without a constraint). */
export function isMissingPartition(error: DatabaseError): boolean {
  return error.code === '23514' && !error.constraint && error.message.startsWith('no partition of relation');
}

export function isConstraintViolation(error: DatabaseError): boolean {
  return error.code?.startsWith('23') === true;
}

/** The same error when it says "try again" already, else a TransientError around it. */
export function asTransient(error: unknown, message: string): unknown {
  return isTransientError(error) ? error : new TransientError(message, error);
}
