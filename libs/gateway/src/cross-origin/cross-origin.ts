import type { ServerResponse } from 'node:http';
import type { Admission, AdmissionCheck, EarlyAnswer } from '../accept/admission.ts';

/** What a page may read of an answer besides its body. */
const EXPOSED = 'Location, Retry-After, RateLimit, RateLimit-Policy';
/** How long a browser may remember a preflight: as long as a change of the trigger may take to be felt, in seconds. */
const PREFLIGHT_MAX_AGE_S = '600';
const HEADER_NAMES = /^[!#$%&'*+\-.^_`|~0-9A-Za-z, ]{0,1000}$/;

/**
 * GW-13: pages of the trigger's own list of origins may call it from a browser (Fetch standard, CORS). It comes first,
 * so that a page can also read why it was refused. Credentials of the browser are never asked for: triggers do not use
 * cookies.
 */
export const CROSS_ORIGIN_CHECK: AdmissionCheck = {
  check({ route, request, response }: Admission): EarlyAnswer | undefined {
    const origins = route.trigger.corsOrigins;
    if (origins === null) return;
    const { origin } = request.headers;
    const isAny = origins.has('*');
    // Without it a cache would give the answer for one origin to another.
    if (!isAny) response.setHeader('vary', 'Origin');
    if (origin === undefined || !(isAny || origins.has(origin))) return;
    response.setHeader('access-control-allow-origin', isAny ? '*' : origin);
    response.setHeader('access-control-expose-headers', EXPOSED);
    const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (!isPreflight) return;
    const wanted = request.headers['access-control-request-headers'];
    return (answer) => answerPreflight(answer, route.trigger.methods, typeof wanted === 'string' ? wanted : '');
  },
};

/** Headers that the page wants to send are allowed as named: any may carry the credential or be data of the flow. */
function answerPreflight(response: ServerResponse, methods: readonly string[], wanted: string): void {
  const headers: Record<string, string> = {
    'access-control-allow-methods': methods.join(', '),
    'access-control-max-age': PREFLIGHT_MAX_AGE_S,
  };
  if (wanted !== '' && HEADER_NAMES.test(wanted)) headers['access-control-allow-headers'] = wanted;
  response.writeHead(204, headers);
  response.end();
}
