import type { FieldProblem, TriggerState } from '@sluice/contracts';
import { compileTemplate, TemplateSyntaxError } from '@sluice/templates';

const MAX_LENGTH = 1_000;
const TEMPLATE = /\{[{%]/;
const READABLE: readonly string[] = ['body', 'query', 'headers', 'method'];
const SHAPE = 'must be null, "none", "app", "trigger" or a template such as "{{ body.customer_id }}"';

/** What is wrong with `ordering` as it was sent; nothing when it is absent (GW-10). */
export function orderingProblems(ordering: unknown): FieldProblem[] {
  const message = problemOf(ordering);
  return message === null ? [] : [{ pointer: '/ordering', message }];
}

function problemOf(ordering: unknown): string | null {
  if (ordering === undefined || ordering === null) return null;
  if (ordering === 'none' || ordering === 'app' || ordering === 'trigger') return null;
  if (typeof ordering !== 'string' || !TEMPLATE.test(ordering)) return SHAPE;
  if (ordering.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  return problemOfTemplate(ordering);
}

function problemOfTemplate(source: string): string | null {
  try {
    const unknown = compileTemplate(source).references.find((name) => !READABLE.includes(name));
    return unknown === undefined ? null : `can read ${READABLE.join(', ')}; there is no "${unknown}"`;
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    return `the template is not valid at line ${error.line}, column ${error.column}: ${error.message}`;
  }
}

/** `ordering` as it is stored; what was not said is as the profile says (LN-08). */
export function orderingOf(ordering: unknown, profile: TriggerState['profile']): string | null {
  if (ordering === undefined) return profile === 'listener' ? 'app' : null;
  return typeof ordering === 'string' && ordering !== 'none' ? ordering : null;
}
