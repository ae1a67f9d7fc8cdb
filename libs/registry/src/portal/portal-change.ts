import type { FieldProblem } from '@sluice/contracts';
import { covers } from '@sluice/endpoints';
import { platformError } from '@sluice/platform';

/** What an endpoint is called, where it is, how one gets in, and which events of those it may have it gets. */
const FIELDS: readonly string[] = [
  'name',
  'description',
  'url',
  'events',
  'headers',
  'basicUser',
  'basicPass',
  'enabled',
];

/**
 * Filter and transformation part the customers of an app from each other, so they stay with whoever made the endpoint. So do
 * events, unless the link names them: its holder may leave some out, and take those that the link allows.
 * @param mayHave patterns of the events that the endpoint gets now, and that the link allows.
 * @throws AppError `invalid_request` for a change that is not the customer's to make.
 */
export function refuseBeyondPortal(body: unknown, mayHave: readonly string[]): void {
  if (body === null || typeof body !== 'object') return;
  const problems: FieldProblem[] = [];
  for (const name of Object.keys(body)) {
    if (!FIELDS.includes(name)) problems.push({ pointer: pointerOf(name), message: 'is not changed by a portal link' });
  }
  const { events } = body as { events?: unknown };
  if (Array.isArray(events)) {
    events.forEach((each: unknown, index) => {
      // What is no text at all is told by those who check all changes.
      if (typeof each !== 'string' || mayHave.some((pattern) => covers(pattern, each))) return;
      problems.push({ pointer: `/events/${index}`, message: 'is not among the events that this portal link allows' });
    });
  }
  if (problems.length === 0) return;
  const errors = problems.slice(0, 100);
  throw platformError('invalid_request', `a portal link changes ${FIELDS.join(', ')}, events as far as it allows`, {
    errors,
  });
}

function pointerOf(name: string): string {
  return `/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
