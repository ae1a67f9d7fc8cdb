import type { RunError } from '@sluice/contracts';
import { TemplateError } from '@sluice/templates';
import { type CompiledStep, StepError } from '../steps/step-type.ts';
import { NotJsonError } from './json-value.rules.ts';

/**
 * Why a list of steps is not gone through to its end: something in it has yet to happen (`pending`), nothing in it may
 * begin any more (`stopped`), others shall compute first (`more`), a step failed, or a failed step goes on elsewhere.
 */
export type Stop =
  | { kind: 'pending' }
  | { kind: 'stopped' }
  | { kind: 'more' }
  | { kind: 'failed'; error: RunError }
  | { kind: 'goto'; ref: string; error: RunError };

export const PENDING: Stop = { kind: 'pending' };
export const STOPPED: Stop = { kind: 'stopped' };
export const MORE: Stop = { kind: 'more' };

/** Whatever a step throws is recorded as its failure, so that one run never takes others with it. */
export function errorOf(thrown: unknown, ref: string | null, path = ''): RunError {
  const place = path === '' ? { ref } : { ref, path: path + (ref ?? '') };
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof StepError) return { code: thrown.code, message, ...place };
  if (thrown instanceof TemplateError) return { code: 'template_error', message, ...place };
  if (thrown instanceof NotJsonError)
    return { code: 'invalid_output', message: `the output cannot be stored: ${message}`, ...place };
  return { code: 'step_error', message, ...place };
}

export function placed(error: { code: string; message: string }, step: CompiledStep, key: string): RunError {
  const { code, message } = error;
  return key === step.ref ? { code, message, ref: key } : { code, message, ref: step.ref, path: key };
}
