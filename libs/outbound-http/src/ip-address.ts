import { isIP } from 'node:net';

/** An address as a number; IPv4-mapped IPv6 (`::ffff:0:0/96`, RFC 4291 §2.5.5.2) is its IPv4 address. */
export interface IpAddress {
  family: 4 | 6;
  value: bigint;
}

export interface IpRange {
  family: 4 | 6;
  first: bigint;
  last: bigint;
}

function parseIpv4(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIpv6(text: string): bigint {
  let head = text;
  const dotted = /(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const v4 = parseIpv4(dotted[2] as string);
    head = `${dotted[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  }
  const [left = '', right] = head.split('::');
  const before = left ? left.split(':') : [];
  const after = right ? right.split(':') : [];
  const zeros = right === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

const MAPPED = 0xffffn;

/** Reads a canonical literal (as a resolver or the URL parser gives it; a zone is dropped), or null. */
export function parseIp(text: string): IpAddress | null {
  const zone = text.indexOf('%');
  const bare = zone < 0 ? text : text.slice(0, zone);
  const family = isIP(bare);
  if (family === 4) return { family: 4, value: parseIpv4(bare) };
  if (family !== 6) return null;
  const value = parseIpv6(bare);
  return value >> 32n === MAPPED ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}

/** Reads `address/bits` or a single address. @throws Error when it is neither. */
export function parseRange(text: string): IpRange {
  const [address = '', bitsText] = text.trim().split('/');
  const family = isIP(address);
  const width = family === 4 ? 32 : 128;
  const bits = bitsText === undefined ? width : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (family === 0 || bits < 0 || bits > width) throw new Error(`not an address or CIDR: ${text}`);
  const value = family === 4 ? parseIpv4(address) : parseIpv6(address);
  if (family === 6 && value >> 32n === MAPPED && bits >= 96) return rangeOf(4, value & 0xffffffffn, 32, bits - 96);
  return rangeOf(family === 4 ? 4 : 6, value, width, bits);
}

function rangeOf(family: 4 | 6, value: bigint, width: number, bits: number): IpRange {
  const host = (1n << BigInt(width - bits)) - 1n;
  return { family, first: value & ~host, last: value | host };
}

export function isIn(address: IpAddress, range: IpRange): boolean {
  return address.family === range.family && address.value >= range.first && address.value <= range.last;
}
