import { describe, expect, it } from 'vitest';
import { AddressPolicy } from './address-policy.ts';
import { targetOf } from './url-policy.ts';

const strict = new AddressPolicy();

function refused(url: string, policy = strict): string | null {
  const target = targetOf(url, policy);
  return typeof target === 'string' ? target : null;
}

/** Deterministic, so that a failure can be repeated: the multiplier is Knuth's MMIX. */
function* pseudoRandom(seed: bigint): Generator<number> {
  let state = seed;
  for (;;) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    yield Number(state >> 32n);
  }
}

/** Every way the URL standard lets an IPv4 address be written. */
function notations(value: number): string[] {
  const [a, b, c, d] = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  const octal = (part: number): string => `0${part.toString(8)}`;
  const hex = (part: number): string => `0x${part.toString(16)}`;
  return [
    `${a}.${b}.${c}.${d}`,
    `${a}.${b}.${c}.${d}.`,
    String(value >>> 0),
    hex(value >>> 0),
    `0X${(value >>> 0).toString(16).toUpperCase()}`,
    octal(value >>> 0),
    [a, b, c, d].map(octal).join('.'),
    [a, b, c, d].map(hex).join('.'),
    `${a}.${((value & 0xffffff) >>> 0).toString()}`,
    `${hex(a)}.${octal(b)}.${value & 0xffff}`,
    `${a}.${b}.${hex(value & 0xffff)}`,
    `${a}%2E${b}%2e${c}.${d}`,
    `${a}。${b}．${c}.${d}`,
    [...`${a}.${b}.${c}.${d}`]
      .map((char) => (char === '.' ? '.' : String.fromCodePoint(char.codePointAt(0)! + 0xfee0)))
      .join(''),
    `[::ffff:${a}.${b}.${c}.${d}]`,
    `[::ffff:${((value >>> 16) & 0xffff).toString(16)}:${(value & 0xffff).toString(16)}]`,
    `[0:0:0:0:0:FFFF:${a}.${b}.${c}.${d}]`,
    `[::${a}.${b}.${c}.${d}]`,
    `[64:ff9b::${a}.${b}.${c}.${d}]`,
    `[2002:${((value >>> 16) & 0xffff).toString(16)}:${(value & 0xffff).toString(16)}::1]`,
    `[2001:0:${((value >>> 16) & 0xffff).toString(16)}:${(value & 0xffff).toString(16)}::1]`,
    `[2606:4700::5efe:${a}.${b}.${c}.${d}]`,
  ];
}

const PRIVATE: readonly [first: number, bits: number][] = [
  [0x0a000000, 8],
  [0x7f000000, 8],
  [0xac100000, 12],
  [0xc0a80000, 16],
  [0xa9fe0000, 16],
  [0x64400000, 10],
  [0x00000000, 8],
  [0xc0000000, 24],
  [0xc6120000, 15],
  [0xe0000000, 4],
  [0xf0000000, 4],
];

describe('DL-07: addresses that outbound calls may not reach', () => {
  it('refuses 200 random private addresses in each of 22 notations', () => {
    const random = pseudoRandom(20261122n);
    const let_through: string[] = [];
    for (let round = 0; round < 200; round++) {
      const [first, bits] = PRIVATE[round % PRIVATE.length] as [number, number];
      const host = (random.next().value as number) & (2 ** (32 - bits) - 1);
      for (const host_text of notations((first | host) >>> 0)) {
        if (refused(`http://${host_text}/`) === null) let_through.push(host_text);
      }
    }
    expect(let_through).toEqual([]);
  });

  it('lets public addresses through, also by way of NAT64 and IPv4-mapped notation', () => {
    const hosts = [
      '1.1.1.1',
      '8.8.8.8',
      '172.32.0.1',
      '[2606:4700::1]',
      '[2a00:1450::1]',
      '[64:ff9b::8.8.8.8]',
      '[::ffff:8.8.8.8]',
      '134744072',
    ];
    for (const host of hosts) expect(refused(`https://${host}/x`)).toBeNull();
  });

  it.each([
    ['http://169.254.169.254/latest/meta-data', 'metadata'],
    ['http://100.100.100.200/', 'metadata'],
    ['http://168.63.129.16/', 'metadata'],
    ['http://[fd00:ec2::254]/', 'private'],
    ['http://[fe80::1]/', 'link-local'],
    ['http://[::]/', 'global unicast'],
    ['http://[::1]/', 'loopback'],
    ['http://[64:ff9b:1::1]/', 'global unicast'],
    ['http://localhost:8080/', 'loopback'],
    ['http://x.LOCALHOST./', 'loopback'],
    ['ftp://example.org/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['gopher://example.org/', 'scheme'],
    ['http://user:pw@example.org/', 'user name'],
    ['http://example.org:22/', 'port 22'],
    ['http://example.org:6379/', 'port 6379'],
    ['/relative', 'absolute'],
    ['http://', 'absolute'],
    [`http://example.org/${'a'.repeat(5000)}`, 'longer'],
  ])('refuses %s and says why', (url, reason) => {
    expect(refused(url)).toContain(reason);
  });

  it('does not know a name before it is resolved', () => {
    for (const url of ['http://example.org/', 'https://internal/', 'http://127.0.0.1.example.org:8443/']) {
      expect(refused(url)).toBeNull();
    }
  });

  it('judges what a resolver says, zones and mapped addresses included', () => {
    expect(strict.refusal('fe80::1%eth0')).toContain('link-local');
    expect(strict.refusal('::ffff:10.0.0.1')).toContain('private');
    expect(strict.refusal('not an address')).toContain('not an IP address');
    expect(strict.refusal('93.184.216.34')).toBeNull();
  });
});

describe('the operator’s allow-list', () => {
  it('opens exactly its ranges', () => {
    const policy = new AddressPolicy(['10.1.0.0/16', '::1', 'fd00::/8', '169.254.169.254/32']);
    expect(policy.refusal('10.1.255.255')).toBeNull();
    expect(policy.refusal('::ffff:10.1.0.1')).toBeNull();
    expect(policy.refusal('10.2.0.0')).toContain('private');
    expect(policy.refusal('::1')).toBeNull();
    expect(policy.refusal('fd12::1')).toBeNull();
    expect(policy.refusal('169.254.169.254')).toBeNull();
    expect(policy.refusal('169.254.169.253')).toContain('link-local');
    expect(refused('http://localhost:3000/', new AddressPolicy(['127.0.0.0/8']))).toBeNull();
  });

  it('reads a mapped range as the IPv4 range it is', () => {
    expect(new AddressPolicy(['::ffff:10.0.0.0/104']).refusal('10.9.9.9')).toBeNull();
  });

  it.each(['10.0.0.0/33', '10.0.0', 'example.org', '10.0.0.0/-1', '::/129', ''])('refuses the entry %j', (entry) => {
    expect(() => new AddressPolicy([entry])).toThrow('not an address or CIDR');
  });
});
