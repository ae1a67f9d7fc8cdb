import { type FieldProblem, isUuid, parseDurationMs } from '@sluice/contracts';
import type { JsonObject } from '../requests/validated.ts';

export const DEFAULT_LIFE = 'PT1H';
const MIN_LIFE_MS = 60_000;
const MAX_LIFE_MS = 86_400_000;

/** What decorators cannot say of a wish for a portal link. */
export function portalLinkProblems(sent: JsonObject): FieldProblem[] {
  const { endpointIds, customer, expiresIn, embedIn } = sent;
  const problems: FieldProblem[] = [];
  const named = [endpointIds, customer].filter((each) => each !== undefined && each !== null);
  if (named.length !== 1) problems.push({ pointer: '', message: 'needs either endpointIds or a customer' });
  if (Array.isArray(endpointIds)) {
    endpointIds.forEach((each: unknown, index) => {
      if (!isEndpointId(each)) {
        problems.push({ pointer: `/endpointIds/${index}`, message: 'must be the integer or uuid of an endpoint' });
      }
    });
  }
  if (expiresIn !== undefined) {
    const ms = typeof expiresIn === 'string' ? parseDurationMs(expiresIn) : null;
    if (ms === null || ms < MIN_LIFE_MS || ms > MAX_LIFE_MS) {
      problems.push({ pointer: '/expiresIn', message: 'must be an ISO 8601 duration from PT1M to PT24H' });
    }
  }
  if (Array.isArray(embedIn)) {
    embedIn.forEach((each: unknown, index) => {
      if (!isOrigin(each)) {
        problems.push({ pointer: `/embedIn/${index}`, message: 'must be an origin such as "https://app.example"' });
      }
    });
  }
  return problems;
}

function isEndpointId(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 1 && value <= 2_147_483_647;
  return isUuid(value) || (typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value));
}

/** As a browser writes it, so that nothing else gets into a header; plain HTTP only on this machine, for trying. */
function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > 300 || !URL.canParse(value)) return false;
  const { origin, protocol, hostname } = new URL(value);
  return (
    origin === value && (protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.0\.0\.1)$/.test(hostname)))
  );
}
