import { type IpAddress, isIn, type IpRange, parseIp, parseRange } from './ip-address.ts';

interface NamedRange extends IpRange {
  name: string;
}

function named(name: string, ...ranges: string[]): NamedRange[] {
  return ranges.map((text) => ({ ...parseRange(text), name }));
}

/** IANA special-purpose registries (RFC 6890 and successors), and addresses where clouds answer with credentials. */
const REFUSED: readonly NamedRange[] = [
  ...named('a cloud metadata address', '169.254.169.254', '100.100.100.200', '192.0.0.192', '168.63.129.16'),
  ...named('this network', '0.0.0.0/8'),
  ...named('a private address', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'),
  ...named('carrier-grade NAT', '100.64.0.0/10'),
  ...named('loopback', '127.0.0.0/8'),
  ...named('link-local', '169.254.0.0/16'),
  ...named('reserved for protocols', '192.0.0.0/24'),
  ...named('documentation', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'),
  ...named('a 6to4 relay', '192.88.99.0/24'),
  ...named('benchmarking', '198.18.0.0/15'),
  ...named('multicast', '224.0.0.0/4'),
  ...named('reserved', '240.0.0.0/4'),
  ...named('IETF protocol assignments (Teredo, ORCHID)', '2001::/23'),
  ...named('documentation', '2001:db8::/32', '3fff::/20'),
  ...named('6to4', '2002::/16'),
  ...named('loopback', '::1'),
  ...named('link-local', 'fe80::/10'),
  ...named('a private address', 'fc00::/7'),
  ...named('multicast', 'ff00::/8'),
];
const GLOBAL_UNICAST = parseRange('2000::/3');
/** RFC 6052: an IPv6-only network reaches IPv4 hosts through this prefix, so the embedded address decides. */
const NAT64 = parseRange('64:ff9b::/96');
/** ISATAP interface identifiers (RFC 5214 §6.1) carry an IPv4 address in their last 32 bits. */
const ISATAP = new Set([0x00005efen, 0x02005efen]);

/** Which addresses outbound calls may reach. One instance per process, made from `SLUICE_OUTBOUND_ALLOW`. */
export class AddressPolicy {
  readonly #allowed: readonly IpRange[];

  /** @throws Error when an entry is not a CIDR. */
  constructor(allow: readonly string[] = []) {
    this.#allowed = allow.map(parseRange);
  }

  /** Why the address may not be called, or null when it may. Not an address: that is the reason. */
  refusal(text: string): string | null {
    const address = parseIp(text);
    if (!address) return `${text} is not an IP address`;
    if (this.#allowed.some((range) => isIn(address, range))) return null;
    const reason = reasonOf(address);
    return reason === null ? null : `${text} is ${reason}`;
  }
}

function reasonOf(address: IpAddress): string | null {
  const range = REFUSED.find((candidate) => isIn(address, candidate));
  if (range) return range.name;
  if (address.family === 4) return null;
  if (isIn(address, NAT64)) {
    const inner = reasonOf(embedded(address));
    return inner === null ? null : `NAT64 of ${inner}`;
  }
  if (!isIn(address, GLOBAL_UNICAST)) return 'not a global unicast address';
  if (ISATAP.has((address.value >> 32n) & 0xffffffffn)) {
    const inner = reasonOf(embedded(address));
    return inner === null ? null : `ISATAP of ${inner}`;
  }
  return null;
}

function embedded(address: IpAddress): IpAddress {
  return { family: 4, value: address.value & 0xffffffffn };
}
