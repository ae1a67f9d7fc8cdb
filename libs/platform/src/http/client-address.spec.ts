import { describe, expect, it } from 'vitest';
import { ClientAddress } from './client-address.ts';

describe('the address of a caller', () => {
  it('is the socket, whatever X-Forwarded-For says, when no proxy is trusted', () => {
    expect(new ClientAddress([]).of('192.0.2.1', '198.51.100.7')).toBe('192.0.2.1');
    expect(new ClientAddress([]).of('::ffff:192.0.2.1', undefined)).toBe('192.0.2.1');
    expect(new ClientAddress([]).of(undefined, undefined)).toBe('');
  });

  it('is the socket when the peer is not one of the trusted proxies', () => {
    expect(new ClientAddress(['10.0.0.0/8']).of('192.0.2.1', '198.51.100.7')).toBe('192.0.2.1');
  });

  const proxied = new ClientAddress(['10.0.0.0/8', '2001:db8::/32', '127.0.0.1']);
  it.each<[string, string, string | string[], string]>([
    ['one proxy', '10.1.2.3', '198.51.100.7', '198.51.100.7'],
    ['a v4 peer on a dual-stack socket', '::ffff:10.1.2.3', '198.51.100.7', '198.51.100.7'],
    ['a chain of our own proxies', '10.1.2.3', '198.51.100.7, 10.9.9.9, 2001:db8::5', '198.51.100.7'],
    ['an invented entry at the left', '10.1.2.3', '1.2.3.4, 198.51.100.7', '198.51.100.7'],
    ['two headers', '10.1.2.3', ['1.2.3.4', '198.51.100.7'], '198.51.100.7'],
    ['an address with a port', '10.1.2.3', '198.51.100.7:4711', '198.51.100.7'],
    ['a v6 address in brackets', '2001:db8::1', '[2001:DB9::7]:4711', '2001:db9::7'],
    ['nonsense', '127.0.0.1', 'unknown', '127.0.0.1'],
    ['nonsense behind our own proxy', '127.0.0.1', 'unknown, 10.9.9.9', '10.9.9.9'],
    ['only our own proxies', '127.0.0.1', '10.9.9.9', '10.9.9.9'],
    ['an empty header', '127.0.0.1', '', '127.0.0.1'],
  ])('behind %s', (_, peer, forwarded, expected) => {
    expect(proxied.of(peer, forwarded)).toBe(expected);
  });
});
