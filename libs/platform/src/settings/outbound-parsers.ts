import { X509Certificate } from 'node:crypto';
import { APP_ID, cidrs, type Parsed, type Parser } from './setting-parsers.ts';

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const no = (problem: string): Parsed<never> => ({ ok: false, problem });

/** `http://[user:password@]host:port`, or https. What is wrong is told without the text: it may hold a password. */
export const proxyUrl: Parser<string> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : null;
  const fits =
    url &&
    /^https?:$/.test(url.protocol) &&
    url.hostname !== '' &&
    /^\/?$/.test(url.pathname) &&
    !url.search &&
    !url.hash;
  return fits ? ok(value) : no('must be the address of an HTTP proxy such as http://proxy.example.org:3128');
};

const HOST = /^(?:\*?\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9_](?:[a-z0-9_-]{0,62})\.?$/i;

/** Hosts that are called without the proxy. */
export const proxyExceptions: Parser<string[]> = (value) => {
  const parts = value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  const bad = parts.find((part) => {
    const isAddress = /^[\d.]+(\/|$)/.test(part) || part.includes(':');
    return isAddress ? !cidrs(part).ok : part !== '*' && !HOST.test(part);
  });
  return bad === undefined
    ? ok(parts)
    : no(`must be hosts such as example.org or .example.org, addresses, CIDRs, or *; "${bad}" is not`);
};

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** One certificate or several as PEM. */
export const certificates: Parser<string> = (value) => {
  const found = value.match(CERTIFICATE) ?? [];
  if (found.length === 0) return no('must be certificates in PEM (-----BEGIN CERTIFICATE-----)');
  for (const [index, pem] of found.entries()) {
    try {
      new X509Certificate(pem);
    } catch {
      return no(`has a certificate that cannot be read (number ${index + 1})`);
    }
  }
  return ok(found.join('\n'));
};

/** What the names of headers begin with: of all apps but those that have their own. */
export interface HeaderPrefixes {
  each: string;
  ofApp: Record<string, string>;
}

/** `X-Shop-Hook[,app id=X-Other-Hook…]` */
export const headerPrefixes: Parser<HeaderPrefixes> = (value) => {
  const [first = '', ...others] = value.split(',').map((part) => part.trim());
  const each = headerPrefix(first);
  if (!each.ok) return each;
  const ofApp: Record<string, string> = {};
  for (const part of others) {
    const [app = '', text = ''] = part.split('=', 2);
    if (!APP_ID.test(app.toLowerCase())) return no(`must be a prefix, and then app id=prefix[,…]; "${part}" is not`);
    const prefix = headerPrefix(text);
    if (!prefix.ok) return prefix;
    ofApp[app.toLowerCase()] = prefix.value;
  }
  return ok({ each: each.value, ofApp });
};

/** The longest name is `<prefix>-Entity-URL`. */
const headerPrefix: Parser<string> = (value) => {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,62}[A-Za-z0-9]$/.test(value))
    return no(`must be 2 to 64 letters, digits and hyphens, from a letter to no hyphen, not "${value}"`);
  // webhook-id and webhook-signature are those of Standard Webhooks, Sluice-Hops is the loop guard.
  return /^(?:webhook|sluice|content|transfer|accept|proxy)(?:-|$)/i.test(value)
    ? no(`must not be "${value}": other headers begin with it`)
    : ok(value);
};
