import { isBuiltInEventType, STEP_LIMITS } from '@sluice/contracts';
import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import { StepError, type StepType } from '../step-type.ts';

const MAX_TYPE_LENGTH = STEP_LIMITS.eventTypeLength;
const MAX_ID_LENGTH = 256;

/** @param source what the flow says: such a type as it stands is refused at save, so that only an old flow has it, which goes on. */
function typeOf(value: unknown, source: string): string {
  const type = typeof value === 'string' ? value.trim() : '';
  if (type === '' || type.length > MAX_TYPE_LENGTH) {
    throw new StepError('invalid_event_type', `the event type must be text of 1 to ${MAX_TYPE_LENGTH} characters`);
  }
  if (isBuiltInEventType(type) && type !== source.trim()) {
    throw new StepError('built_in_event_type', `"${type}" is an event of Sluice's own: give yours another type`);
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
    const source = step.event;
    const event = compiler.text(source);
    const id = compiler.value(step.id ?? null);
    const subject = compiler.value(step.subject ?? null);
    const data = compiler.value(step.data ?? null);
    return {
      begin: (scope) => ({
        kind: 'emitted',
        type: typeOf(event.evaluate(scope.context, scope), source),
        id: idOf(id.evaluate(scope.context, scope)),
        subject: textOf(subject.evaluate(scope.context, scope)),
        data: data.evaluate(scope.context, scope),
      }),
    };
  },
};
