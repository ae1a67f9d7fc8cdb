import { describe, expect, it } from 'vitest';
import { addressKey, rateFields, rateText, secondsOf } from './rate-fields.rules.ts';

describe('what a caller is told of its limits', () => {
  it('LC-04: RateLimit-Policy and RateLimit name each limit with quota, window, rest and seconds', () => {
    const standing = { allowed: true, remaining: 299, resetMs: 299_001 };
    const address = { name: 'address', rate: { limit: 300, windowMs: 300_000 }, standing };
    const trigger = { name: 'trigger', rate: { limit: 5, windowMs: 1_000 }, standing: { ...standing, resetMs: 1 } };
    expect(rateFields([address, trigger])).toEqual({
      policy: '"address";q=300;w=300, "trigger";q=5;w=1',
      standing: '"address";r=299;t=300, "trigger";r=299;t=1',
    });
  });

  it('seconds are whole, rounded up, never 0', () => {
    expect([1, 999, 1_000, 1_001, 0].map(secondsOf)).toEqual([1, 1, 1, 2, 1]);
  });

  it.each([
    [{ limit: 300, windowMs: 300_000 }, '300 requests per 5 minutes'],
    [{ limit: 1, windowMs: 1_000 }, '1 request per second'],
    [{ limit: 2, windowMs: 60_000 }, '2 requests per minute'],
    [{ limit: 2, windowMs: 90_000 }, '2 requests per 90 seconds'],
  ])('%j is "%s"', (rate, text) => {
    expect(rateText(rate)).toBe(text);
  });
});

describe('what counts as one address', () => {
  it.each([
    ['192.0.2.7', 64, '192.0.2.7'],
    ['', 64, ''],
    ['2001:db8:0:1::7', 64, '2001:db8:0:1:0:0:0:0/64'],
    ['2001:0db8:0000:0001:ffff:ffff:ffff:ffff', 64, '2001:db8:0:1:0:0:0:0/64'],
    ['2001:db8::7', 128, '2001:db8:0:0:0:0:0:7/128'],
    ['2001:db8:1:23ff::', 56, '2001:db8:1:2300:0:0:0:0/56'],
    ['::1', 128, '0:0:0:0:0:0:0:1/128'],
    ['fe80::1%eth0', 64, 'fe80:0:0:0:0:0:0:0/64'],
    ['not:an:address', 64, 'not:an:address'],
    ['::ffff:192.0.2.7', 64, '::ffff:192.0.2.7'],
  ])('%s with %i bits is %s', (address, bits, key) => {
    expect(addressKey(address, bits)).toBe(key);
  });
});
