import { waitOver, WAIT_OVER, waitUntil } from '../../waiting/wait-length.ts';
import type { StepOutcome, StepType } from '../step-type.ts';

/**
 * Waits until somebody posts to its link, `callbacks.<ref>` in the templates of the steps before it; the body is its
 * output. When nobody does within `timeout` the steps of `onTimeout` run, or the step fails where there are none.
 */
export const waitForCallbackStep: StepType = {
  type: 'wait_for_callback',
  compile(step, compiler) {
    const timeout = step.timeout === undefined ? null : compiler.value(step.timeout);
    const late = step.onTimeout === undefined ? null : compiler.block(step.onTimeout);
    return {
      link: 'callback',
      ...(late === null ? {} : { inside: [late] }),
      begin: (scope): StepOutcome => ({ kind: 'wait', untilMs: waitUntil(timeout, scope) }),
      resume(_scope, end) {
        if (end.kind === 'due') throw waitOver(end.untilMs);
        return end.value;
      },
      onFailure: (error) => (error.code === WAIT_OVER ? late : null),
    };
  },
};
