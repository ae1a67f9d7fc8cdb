import { BlockList, isIP, type Server, type Socket } from 'node:net';
import { metrics } from '../observing/metrics.ts';
import { problemOf, PROBLEM_TYPE } from './problem.ts';
import { platformError } from './platform.errors.ts';

export interface ConnectionLimits {
  /** Open at once, from everywhere. */
  total: number;
  /** Open at once from one public address; of IPv6 the first 64 bits count. */
  perAddress: number;
}

/** Whose connections belong to many callers: our own proxies, balancers and machines. */
const OWN_NETWORKS: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['127.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
];
const MAPPED = '::ffff:';
/** How long a refused side may take to read why. */
const LINGER_MS = 500;
const PROBLEM = platformError('too_many_connections', 'Close some connections, or try again later.');
const BODY = JSON.stringify(problemOf(PROBLEM));
const REFUSAL =
  `HTTP/1.1 503 Service Unavailable\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
  `Content-Length: ${BODY.length}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n${BODY}`;

const refused = metrics.counter(
  'sluice_http_connections_refused_total',
  'Connections closed because too many were open, in all or of one address',
  ['reason'],
);

/**
 * Bounds the connections that a server holds open, so that one stranger cannot take them all (GW-07). Counted by the
 * socket's peer: a request that could name somebody else has not been read yet. Addresses of our own networks and of
 * trusted proxies are bounded by the total only.
 */
export class ConnectionLimit {
  readonly #limits: ConnectionLimits;
  readonly #own = new BlockList();
  readonly #ofAddress = new Map<string, number>();
  #open = 0;

  /** @param trustedProxies CIDRs or addresses, v4 and v6, checked when the settings were read. */
  constructor(limits: ConnectionLimits, trustedProxies: readonly string[]) {
    this.#limits = limits;
    for (const [network, bits, family] of OWN_NETWORKS) this.#own.addSubnet(network, bits, family);
    for (const entry of trustedProxies) {
      const [network, bits] = entry.split('/') as [string, string | undefined];
      const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#own.addAddress(network, family);
      else this.#own.addSubnet(network, Number(bits), family);
    }
  }

  /** Takes the place of the server's own listeners, so that nothing is read, and run, of what is refused. */
  attach(server: Server): void {
    const listeners = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (this.#take(socket)) for (const listener of listeners) listener.call(server, socket);
    });
    metrics.gauge('sluice_http_connections', 'Connections that are open at this moment', [], (gauge) =>
      gauge.set(this.#open),
    );
  }

  get open(): number {
    return this.#open;
  }

  /** Why a connection from there may not stay, or null; it is counted when it may. Public for tests. */
  admit(peer: string | undefined): { refused: 'total' | 'address' } | { key: string | null } {
    if (this.#open >= this.#limits.total) return { refused: 'total' };
    const key = this.#keyOf(peer);
    const ofAddress = key === null ? 0 : (this.#ofAddress.get(key) ?? 0);
    if (ofAddress >= this.#limits.perAddress) return { refused: 'address' };
    this.#open++;
    if (key !== null) this.#ofAddress.set(key, ofAddress + 1);
    return { key };
  }

  release(key: string | null): void {
    this.#open--;
    if (key === null) return;
    const left = (this.#ofAddress.get(key) ?? 1) - 1;
    if (left > 0) this.#ofAddress.set(key, left);
    else this.#ofAddress.delete(key);
  }

  #take(socket: Socket): boolean {
    const verdict = this.admit(socket.remoteAddress);
    if ('key' in verdict) {
      socket.once('close', () => this.release(verdict.key));
      return true;
    }
    refused.inc({ reason: verdict.refused });
    socket.on('error', () => socket.destroy());
    // What has been sent is thrown away: unread, it would make the kernel reset the connection before the answer is read.
    socket.resume();
    socket.end(REFUSAL);
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
    return false;
  }

  /** Null for addresses that are not counted by themselves. */
  #keyOf(peer = ''): string | null {
    const address = peer.startsWith(MAPPED) && peer.includes('.') ? peer.slice(MAPPED.length) : peer;
    const family = isIP(address);
    if (family === 0 || this.#own.check(address, family === 6 ? 'ipv6' : 'ipv4')) return null;
    return family === 6 ? prefixOf(address) : address;
  }
}

/** The first 64 bits of an IPv6 address, as text: a sender has all addresses below them. */
function prefixOf(address: string): string {
  const [head = '', tail] = (address.split('%')[0] as string).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups.slice(0, 4).join(':');
}
