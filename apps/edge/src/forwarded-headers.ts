import { BlockList, isIPv6 } from 'node:net';

type Headers = Record<string, string | string[] | undefined>;

/** Headers of one connection, not of the message (RFC 9110 §7.6.1), and `Expect`, which Node has answered already. */
const HOP_BY_HOP = [
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** What a client may say about whence it came only when it is a proxy that we trust. */
const CLAIMS = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
];

/** The peers whose X-Forwarded-* are believed. */
export function trustedPeers(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/, ''); // IPv4 on a socket that takes both
    return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}

export interface Client {
  /** The peer of the connection. */
  address: string;
  isTrusted: boolean;
  /** The Host header it sent. */
  host: string | undefined;
  isEncrypted: boolean;
}

/** The headers that go upstream: hop-by-hop ones removed, X-Forwarded-For extended, -Proto and -Host filled in. */
export function forwardedHeaders(received: Headers, client: Client): Headers {
  const headers: Headers = { ...received };
  for (const name of HOP_BY_HOP) delete headers[name];
  if (!client.isTrusted) for (const name of CLAIMS) delete headers[name];
  const before = headers['x-forwarded-for'];
  const address = client.address.replace(/^::ffff:(?=\d+\.)/, '');
  headers['x-forwarded-for'] = before === undefined ? address : `${String(before)}, ${address}`;
  headers['x-forwarded-proto'] ??= client.isEncrypted ? 'https' : 'http';
  if (client.host !== undefined) headers['x-forwarded-host'] ??= client.host;
  return headers;
}
