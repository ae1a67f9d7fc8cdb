import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import { StepError, type StepType } from '../step-type.ts';

const MAX_TYPE_LENGTH = 200;

function typeOf(value: unknown): string {
  const type = typeof value === 'string' ? value.trim() : '';
  if (type === '' || type.length > MAX_TYPE_LENGTH) {
    throw new StepError('invalid_event_type', `the event type must be text of 1 to ${MAX_TYPE_LENGTH} characters`);
  }
  return type;
}

function subjectOf(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `event` (type), `subject`, `data`: publishes a domain event; the output is `{eventId}`. */
export const emitStep: StepType = {
  type: 'emit',
  compile(step, compiler) {
    if (typeof step.event !== 'string') throw new FlowCompileError(step.ref, 'an emit step needs an event type');
    const event = compiler.text(step.event);
    const subject = compiler.value(step.subject ?? null);
    const data = compiler.value(step.data ?? null);
    return {
      begin: (scope) => ({
        kind: 'emitted',
        type: typeOf(event.evaluate(scope.context, scope)),
        subject: subjectOf(subject.evaluate(scope.context, scope)),
        data: data.evaluate(scope.context, scope),
      }),
    };
  },
};
