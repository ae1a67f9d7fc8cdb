import { isIP } from 'node:net';
import type { AddressPolicy } from './address-policy.ts';

/**
 * Ports of protocols that could be talked to by an HTTP request (the WHATWG fetch standard's list above 1023, and two
 * databases that read text). Below 1024 only 80 and 443 are open.
 */
const REFUSED_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080, 11211,
]);
const LONGEST_URL = 4096;

export interface Target {
  origin: string;
  path: string;
  /** Without brackets. */
  hostname: string;
  secure: boolean;
}

/** Reads a URL as the call will use it; a text is the reason why it can never be called. */
export function targetOf(text: string, policy: AddressPolicy): Target | string {
  if (text.length > LONGEST_URL) return `the URL is longer than ${LONGEST_URL} characters`;
  if (!URL.canParse(text)) return 'not an absolute URL';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return `the scheme ${url.protocol.slice(0, -1)} is not http or https`;
  if (url.username || url.password) return 'the URL carries a user name or password; use the authentication settings';
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  if ((port < 1024 && port !== 80 && port !== 443) || REFUSED_PORTS.has(port)) return `port ${port} is not allowed`;
  // The URL parser has made every notation (decimal, octal, hexadecimal, short, full-width) the canonical one by now.
  const hostname = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const refusal = refusalOfName(hostname, policy);
  return refusal ?? { origin: url.origin, path: url.pathname + url.search, hostname, secure };
}

function refusalOfName(hostname: string, policy: AddressPolicy): string | null {
  if (isIP(hostname)) return policy.refusal(hostname);
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  if (name === '') return 'the URL names no host';
  if (name !== 'localhost' && !name.endsWith('.localhost')) return null;
  return policy.refusal('127.0.0.1') && policy.refusal('::1') ? `${hostname} is loopback` : null;
}
