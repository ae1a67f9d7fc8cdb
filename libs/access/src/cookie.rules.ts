/** The cookie of a session. The `__Host-` prefix makes the browser refuse one set by a subdomain or without TLS. */
export const SECURE_COOKIE = '__Host-sluice_session';
export const PLAIN_COOKIE = 'sluice_session';

/** A page on another site cannot send this header without a preflight, which nothing here answers. */
export const CSRF_HEADER = 'x-sluice-csrf';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const TOKEN = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,200}$/;

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * The session's token in a `Cookie` header (RFC 6265 §5.4); null without one. Served by TLS only the prefixed cookie
 * counts: the other could have been set by a subdomain, with somebody else's session in it.
 */
export function sessionCookieOf(header: string | string[] | undefined, isSecure: boolean): string | null {
  const text = Array.isArray(header) ? header.join('; ') : header;
  if (text === undefined || text.length > 16_384) return null;
  const pairs = text.split(';').map((pair) => pair.trim());
  for (const name of isSecure ? [SECURE_COOKIE] : [SECURE_COOKIE, PLAIN_COOKIE]) {
    const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
    if (value !== undefined && TOKEN.test(value)) return value;
  }
  return null;
}

/** `Set-Cookie` that signs a browser in; `maxAgeSeconds` 0 signs it out. */
export function sessionCookie(token: string, maxAgeSeconds: number, isSecure: boolean): string {
  const name = isSecure ? SECURE_COOKIE : PLAIN_COOKIE;
  const secure = isSecure ? '; Secure' : '';
  return `${name}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`;
}

/**
 * Whether a page of another site is behind the request. `Origin` names the page's site; it is ours when its host is the
 * one that was asked. Behind our edge that is X-Forwarded-Host, which a page cannot invent without a preflight either.
 */
export function isForeign(headers: Headers): boolean {
  const { origin, host } = headers;
  if (typeof origin !== 'string') return headers['sec-fetch-site'] === 'cross-site';
  const forwarded = headers['x-forwarded-host'];
  const asked = [host, typeof forwarded === 'string' ? forwarded.split(',')[0]?.trim() : undefined];
  return !URL.canParse(origin) || !asked.includes(new URL(origin).host);
}

/**
 * Whether a request that brings the session's cookie may be forged by another site: it changes something and proves by
 * neither `Origin` nor X-Sluice-Csrf that our own page or a program sent it.
 */
export function maybeForged(method: string, headers: Headers): boolean {
  if (SAFE_METHODS.has(method)) return false;
  if (isForeign(headers)) return true;
  return headers.origin === undefined && headers[CSRF_HEADER] === undefined;
}
