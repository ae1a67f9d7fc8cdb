import type { RequestHeaders } from '@sluice/trigger-credentials';

/** Never in an event, whatever the trigger's authentication (DESIGN.md §3, "Secrets never enter events"). */
const NEVER: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-sluice-webhook-token',
  'x-lutra-webhook-token',
  // The body is stored decoded.
  'content-encoding',
]);

/**
 * The headers that the event records: lower-case names, without Authorization, Cookie and the headers that carry the
 * trigger's credential. A repeated header is joined as HTTP does (RFC 9110 §5.3).
 */
export function eventHeaders(headers: RequestHeaders, credentialHeaders: readonly string[]): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name in headers) {
    if (NEVER.has(name) || credentialHeaders.includes(name)) continue;
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
    else if (value !== undefined) kept[name] = value.join(', ');
  }
  return kept;
}
