import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Finds the addresses of a host name. Tests give their own to play a rebinding name server. */
export type ResolveHost = (hostname: string) => Promise<string[]>;

const MOST_ADDRESSES = 16;

/**
 * Asks name servers through c-ares, not getaddrinfo: that one blocks one of libuv's four threads for as long as a dead
 * name server lets it, so four bad endpoints would stop everybody's lookups. getaddrinfo comes second, two at a time,
 * for names that only the hosts file or a search domain knows.
 */
export class HostResolver {
  readonly #resolver: Resolver;
  #lookups: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  #turn = 0;

  /** @param servers name servers as `address:port`; those of the machine unless given. */
  constructor(servers?: readonly string[]) {
    this.#resolver = new Resolver({ timeout: 2000, tries: 2 });
    if (servers) this.#resolver.setServers([...servers]);
  }

  /** @throws what the resolver throws, `code` says what (`ENOTFOUND`, `ETIMEOUT`, `ESERVFAIL` …). */
  resolve: ResolveHost = async (hostname) => {
    if (isIP(hostname)) return [hostname];
    const name = hostname.toLowerCase().replace(/\.$/, '');
    // RFC 6761 §6.3: these names are loopback and are not asked for.
    if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1'];
    const [v4, v6] = await Promise.allSettled([this.#resolver.resolve4(name), this.#resolver.resolve6(name)]);
    const found = [...(v4.status === 'fulfilled' ? v4.value : []), ...(v6.status === 'fulfilled' ? v6.value : [])];
    if (found.length > 0) return found.slice(0, MOST_ADDRESSES);
    const reason: unknown = v4.status === 'rejected' ? v4.reason : new Error(`${name} has no address`);
    if ((reason as { code?: string }).code === 'ETIMEOUT') throw reason;
    return this.#systemLookup(name);
  };

  async #systemLookup(name: string): Promise<string[]> {
    const turn = this.#turn++ % this.#lookups.length;
    const before = this.#lookups[turn];
    const mine = Promise.resolve(before).then(() => lookup(name, { all: true }));
    this.#lookups[turn] = mine.catch(() => undefined);
    return (await mine).slice(0, MOST_ADDRESSES).map((one) => one.address);
  }
}
