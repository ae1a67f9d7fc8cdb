import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

const MAPPED = '::ffff:';

/** `::ffff:192.0.2.1` is how a dual-stack socket shows an IPv4 peer. */
function plain(address: string): string {
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address;
}

/** An entry of X-Forwarded-For, without brackets and port; null when it is no address. */
function addressIn(entry: string): string | null {
  const text = entry.trim();
  const bare = text.startsWith('[') ? text.slice(1, text.indexOf(']')) : text;
  if (isIP(bare) !== 0) return plain(bare.toLowerCase());
  const withoutPort = bare.slice(0, bare.lastIndexOf(':'));
  return isIP(withoutPort) === 4 ? withoutPort : null;
}

/**
 * Who called: the socket's peer, unless that is a trusted proxy. Then X-Forwarded-For is read from its right end, where
 * our own proxies wrote, up to the first address that is not one of them: what stands left of it anybody may invent.
 */
export class ClientAddress {
  readonly #trusted = new BlockList();
  readonly #trustsAny: boolean;

  /** @param trustedProxies CIDRs or addresses, v4 and v6, checked when the settings were read. */
  constructor(trustedProxies: readonly string[]) {
    this.#trustsAny = trustedProxies.length > 0;
    for (const entry of trustedProxies) {
      const [network, bits] = entry.split('/') as [string, string | undefined];
      const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#trusted.addAddress(network, family);
      else this.#trusted.addSubnet(network, Number(bits), family);
    }
  }

  ofRequest({ socket, headers }: IncomingMessage): string {
    return this.of(socket.remoteAddress, headers['x-forwarded-for']);
  }

  of(peer: string | undefined, forwardedFor: string | string[] | undefined): string {
    const address = plain(peer ?? '');
    if (!this.#trustsAny || forwardedFor === undefined || !this.#isTrusted(address)) return address;
    const hops = (Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor).split(',');
    let nearest = address;
    for (const hop of hops.reverse()) {
      const known = addressIn(hop);
      if (known === null) return nearest;
      nearest = known;
      if (!this.#isTrusted(known)) return known;
    }
    return nearest;
  }

  #isTrusted(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}
