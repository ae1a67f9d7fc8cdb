import { describe, expect, it } from 'vitest';
import { AllowedAddresses } from './allowed-addresses.ts';

describe('GW-02: allowed addresses', () => {
  it.each<[string[], string, boolean]>([
    [['192.0.2.0/24'], '192.0.2.255', true],
    [['192.0.2.0/24'], '192.0.3.0', false],
    [['192.0.2.7/24'], '192.0.2.200', true],
    [['192.0.2.7'], '192.0.2.7', true],
    [['192.0.2.7'], '192.0.2.8', false],
    [['0.0.0.0/0'], '203.0.113.9', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['2001:db8::/32'], '2001:db8:ffff::1', true],
    [['2001:db8::/32'], '2001:DB8:FFFF:0:0:0:0:1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [['::1', '10.0.0.0/8'], '10.1.2.3', true],
    [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
    [['10.0.0.0/8'], '::ffff:0a01:0203', true],
    [['10.0.0.0/8'], '::ffff:0b01:0203', false],
    [['::/0'], '', false],
    [['::/0'], 'localhost', false],
  ])('%j and %s', (ranges, address, expected) => {
    expect(new AllowedAddresses(ranges).has(address)).toBe(expected);
  });
});
