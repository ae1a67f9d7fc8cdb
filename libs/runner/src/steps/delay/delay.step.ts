import { isCalendarDay, parseDurationMs } from '@sluice/contracts';
import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import { StepError, type StepOutcome, type StepType } from '../step-type.ts';

const MAX_DELAY_MS = 10 * 366 * 86_400_000;
/** RFC 3339 §5.6: a date and time with its offset; a bare date is midnight UTC. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;

function untilOf(value: unknown): number {
  if (value instanceof Date) return value.getTime();
  const text = typeof value === 'string' ? value.trim() : '';
  if (INSTANT.test(text) && isCalendarDay(text)) {
    const ms = Date.parse(text.replace(' ', 'T'));
    if (!Number.isNaN(ms)) return ms;
  }
  throw new StepError('invalid_delay', `"until" is not a time (RFC 3339): ${JSON.stringify(value ?? null)}`);
}

function lengthOf(value: unknown): number {
  const ms = typeof value === 'string' ? parseDurationMs(value.trim()) : null;
  if (ms === null)
    throw new StepError('invalid_delay', `"for" is not a duration (ISO 8601): ${JSON.stringify(value ?? null)}`);
  return ms;
}

/** `for` (a duration) or `until` (a time); the output is `{until}`. A time that has passed does not wait. */
export const delayStep: StepType = {
  type: 'delay',
  compile(step, compiler) {
    if ((step.for === undefined) === (step.until === undefined)) {
      throw new FlowCompileError(step.ref, 'a delay needs either "for" or "until"');
    }
    const length = step.for === undefined ? null : compiler.value(step.for);
    const until = compiler.value(step.until ?? null);
    return {
      begin(scope): StepOutcome {
        const nowMs = scope.now.getTime();
        const untilMs = length
          ? nowMs + lengthOf(length.evaluate(scope.context, scope))
          : untilOf(until.evaluate(scope.context, scope));
        if (untilMs - nowMs > MAX_DELAY_MS) throw new StepError('invalid_delay', 'a delay is at most ten years');
        if (untilMs <= nowMs) return { kind: 'completed', output: outputOf(untilMs) };
        return { kind: 'wait', untilMs };
      },
      resume: (scope, end) => outputOf(end.kind === 'due' ? end.untilMs : scope.now.getTime()),
    };
  },
};

function outputOf(untilMs: number): { until: string } {
  return { until: new Date(untilMs).toISOString() };
}
