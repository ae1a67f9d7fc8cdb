import { BlockList, isIPv6 } from 'node:net';
import { CONNECTION_HEADERS } from '@sluice/contracts';

/** Headers of one connection, not of the message (RFC 9110 §7.6.1), and `Expect`, which Node has answered already. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([...CONNECTION_HEADERS, 'expect', 'proxy-authorization']);
/** What a client may say about whence it came only when it is a proxy that we trust. */
const CLAIMS: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);

/** An IPv4 peer of a socket that takes both families, as IPv4. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

/** The peers whose X-Forwarded-* are believed. */
export function trustedPeers(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

export interface Client {
  /** The peer of the connection, IPv4 without ::ffff:. */
  address: string;
  isTrusted: boolean;
  isEncrypted: boolean;
}

/** Names in a Connection header are of that connection too (RFC 9110 §7.6.1). */
function namedInConnection(rawHeaders: readonly string[]): ReadonlySet<string> | null {
  let named: Set<string> | null = null;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'connection') continue;
    for (const token of (rawHeaders[at + 1] ?? '').split(',')) {
      const name = token.trim().toLowerCase();
      if (name !== '' && name !== 'keep-alive' && name !== 'close') (named ??= new Set()).add(name);
    }
  }
  return named;
}

/**
 * The headers that go upstream, as Node gives and undici takes them (name, value, name, value, …): order, spelling and
 * repetition stay. Hop-by-hop ones go, `Host` becomes X-Forwarded-Host, X-Forwarded-For is extended, -Proto filled in.
 * @param withoutLength leaves Content-Length out, where the client library sets it itself.
 */
export function forwardedHeaders(rawHeaders: readonly string[], client: Client, withoutLength: boolean): string[] {
  const headers: string[] = [];
  const named = namedInConnection(rawHeaders);
  let forwardedFor = '';
  let hasProto = false;
  let hasHost = false;
  let host: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const value = rawHeaders[at + 1] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || named?.has(lower)) continue;
    if (lower === 'host') {
      host = value;
      continue;
    }
    if (lower === 'content-length' && withoutLength) continue;
    if (CLAIMS.has(lower)) {
      if (!client.isTrusted) continue;
      if (lower === 'x-forwarded-for') {
        forwardedFor += `${value}, `;
        continue;
      }
      hasProto ||= lower === 'x-forwarded-proto';
      hasHost ||= lower === 'x-forwarded-host';
    }
    headers.push(name, value);
  }
  headers.push('x-forwarded-for', forwardedFor + client.address);
  if (!hasProto) headers.push('x-forwarded-proto', client.isEncrypted ? 'https' : 'http');
  if (!hasHost && host !== undefined) headers.push('x-forwarded-host', host);
  return headers;
}
