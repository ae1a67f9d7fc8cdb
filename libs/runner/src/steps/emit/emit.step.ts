import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import { StepError, type StepType } from '../step-type.ts';

const MAX_TYPE_LENGTH = 200;
const MAX_ID_LENGTH = 256;

function typeOf(value: unknown): string {
  const type = typeof value === 'string' ? value.trim() : '';
  if (type === '' || type.length > MAX_TYPE_LENGTH) {
    throw new StepError('invalid_event_type', `the event type must be text of 1 to ${MAX_TYPE_LENGTH} characters`);
  }
  return type;
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function idOf(value: unknown): string | null {
  const id = textOf(value);
  if (id !== null && id.length > MAX_ID_LENGTH) {
    throw new StepError('invalid_event_id', `the id of the event is longer than ${MAX_ID_LENGTH} characters`);
  }
  return id;
}

/** `event` (type), `id`, `subject`, `data`: publishes a domain event, once per `id`; the output is `{eventId}`. */
export const emitStep: StepType = {
  type: 'emit',
  compile(step, compiler) {
    if (typeof step.event !== 'string') throw new FlowCompileError(step.ref, 'an emit step needs an event type');
    const event = compiler.text(step.event);
    const id = compiler.value(step.id ?? null);
    const subject = compiler.value(step.subject ?? null);
    const data = compiler.value(step.data ?? null);
    return {
      begin: (scope) => ({
        kind: 'emitted',
        type: typeOf(event.evaluate(scope.context, scope)),
        id: idOf(id.evaluate(scope.context, scope)),
        subject: textOf(subject.evaluate(scope.context, scope)),
        data: data.evaluate(scope.context, scope),
      }),
    };
  },
};
