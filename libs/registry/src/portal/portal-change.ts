import { platformError } from '@sluice/platform';

/** Where an endpoint is and how one gets in. What it is told stays with whoever made it: another filter shows other events. */
const FIELDS: readonly string[] = ['url', 'description', 'enabled', 'headers', 'basicUser', 'basicPass'];

/** @throws AppError `invalid_request` for a change that is not the customer's to make. */
export function refuseBeyondPortal(body: unknown): void {
  if (body === null || typeof body !== 'object') return;
  const beyond = Object.keys(body).filter((name) => !FIELDS.includes(name));
  if (beyond.length === 0) return;
  throw platformError('invalid_request', `a portal link changes ${FIELDS.join(', ')}`, {
    errors: beyond.slice(0, 100).map((name) => ({
      pointer: `/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: 'is not changed by a portal link',
    })),
  });
}
