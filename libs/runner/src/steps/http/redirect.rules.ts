import type { OutboundRequest } from '@sluice/outbound-http';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** What another origin is told; everything else may be a credential. */
const HARMLESS = new Set(['accept', 'accept-language', 'content-type', 'user-agent', 'traceparent', 'sluice-hops']);

type Sent = Pick<OutboundRequest, 'method' | 'url' | 'headers' | 'body'>;

/**
 * The request that a redirect asks for (RFC 9110 §15.4), or null when the answer is none or names no address that may
 * follow: a secure address does not lead to an insecure one. Another origin gets none of the headers that may hold
 * a credential, nor the body.
 */
export function redirected(sent: Sent, status: number, location: string | undefined): Sent | null {
  if (!REDIRECTS.has(status) || location === undefined || !URL.canParse(location, sent.url)) return null;
  const from = new URL(sent.url);
  const to = new URL(location, from);
  if (!/^https?:$/.test(to.protocol) || (from.protocol === 'https:' && to.protocol === 'http:')) return null;
  const isElsewhere = to.origin !== from.origin;
  const becomesGet = status === 303 ? sent.method !== 'HEAD' : status < 303 && sent.method === 'POST';
  // A body that was meant for one origin is not handed to another.
  if (isElsewhere && !becomesGet && sent.body !== null) return null;
  const headers = sent.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !(becomesGet && lower.startsWith('content-')) && (!isElsewhere || HARMLESS.has(lower));
  });
  to.hash = '';
  return { method: becomesGet ? 'GET' : sent.method, url: to.href, headers, body: becomesGet ? null : sent.body };
}
