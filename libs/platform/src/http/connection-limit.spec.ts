import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ConnectionLimit } from './connection-limit.ts';

let server: Server | null = null;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server = null;
});

/** How many of `count` connections from there may stay. */
function admitted(limit: ConnectionLimit, peer: string | undefined, count: number): number {
  return Array.from({ length: count }, () => limit.admit(peer)).filter((verdict) => 'key' in verdict).length;
}

describe('GW-07: connections that are open at once', () => {
  it('of one public address are bounded, so that others still get theirs', () => {
    const limit = new ConnectionLimit({ total: 100, perAddress: 10 }, []);
    expect(admitted(limit, '203.0.113.7', 20)).toBe(10);
    expect(admitted(limit, '::ffff:203.0.113.7', 1)).toBe(0);
    expect(admitted(limit, '203.0.113.8', 20)).toBe(10);
    expect(limit.admit('203.0.113.7')).toEqual({ refused: 'address' });
  });

  it('of IPv6 count by the first 64 bits, however they are written', () => {
    const limit = new ConnectionLimit({ total: 100, perAddress: 2 }, []);
    expect(admitted(limit, '2001:db8:1:2::1', 1)).toBe(1);
    expect(admitted(limit, '2001:db8:1:2:ffff:1:2:3', 3)).toBe(1);
    expect(admitted(limit, '2001:db8:1:3::1', 3)).toBe(2);
    expect(admitted(limit, '2001:db8::1', 3)).toBe(2);
    expect(admitted(limit, '2001:db8:0:0:9::', 3)).toBe(0);
  });

  it.each(['127.0.0.1', '::1', '10.1.2.3', '192.168.0.9', '172.20.0.1', 'fd00::5', '198.51.100.9', '198.51.100.77'])(
    '%s is a proxy or a machine of ours: only all together are bounded',
    (peer) => {
      const limit = new ConnectionLimit({ total: 30, perAddress: 2 }, ['198.51.100.0/25', '198.51.100.9']);
      expect(admitted(limit, peer, 40)).toBe(30);
      expect(limit.admit(peer)).toEqual({ refused: 'total' });
    },
  );

  it('that are closed make room again, and nothing is remembered of them', () => {
    const limit = new ConnectionLimit({ total: 3, perAddress: 2 }, []);
    for (let round = 0; round < 5; round++) {
      const verdicts = [limit.admit('203.0.113.7'), limit.admit('203.0.113.7')];
      expect(limit.admit('203.0.113.7')).toEqual({ refused: 'address' });
      for (const verdict of verdicts) if ('key' in verdict) limit.release(verdict.key);
    }
    expect(limit.open).toBe(0);
  });

  it('past the limit are told 503 and closed, and no request on them is run', async () => {
    const limit = new ConnectionLimit({ total: 1, perAddress: 1 }, []);
    let requests = 0;
    const running = createServer((_request, response) => {
      requests++;
      response.end('ok');
    });
    server = running;
    limit.attach(running);
    await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
    const { port } = running.address() as AddressInfo;
    const first = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) => running.once('connection', () => resolve()));
    const second = connect(port, '127.0.0.1');
    second.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}');
    let text = '';
    second.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => second.once('close', resolve));
    expect(text).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: 1[^]*"code":"too_many_connections"/);
    expect([requests, limit.open]).toEqual([0, 1]);
    first.destroy();
  });
});
