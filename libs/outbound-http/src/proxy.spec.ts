import {
  type ConnectProxy,
  connectProxy,
  type HostileReceiver,
  hostileReceiver,
  selfSigned,
  waitFor,
} from '@sluice/testing';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createOutboundClient, type OutboundClient, type OutboundClientOptions } from './outbound-client.ts';
import { exceptionsOf, isException, type ProxyOptions } from './proxy.rules.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
}, 30_000);

function client(
  proxy: Partial<ProxyOptions> & { url: string },
  more: Partial<OutboundClientOptions> = {},
): OutboundClient {
  const made = createOutboundClient({ allow: [], proxy: { except: [], resolve: 'here', ...proxy }, ...more });
  closing.push(() => made.close(100));
  return made;
}
async function proxyThat(answer?: (authority: string) => string | undefined): Promise<ConnectProxy> {
  const proxy = await connectProxy(answer);
  closing.push(() => proxy.close());
  return proxy;
}
async function receiver(): Promise<HostileReceiver> {
  const made = await hostileReceiver({ kind: 'ok', body: 'thanks' });
  closing.push(() => made.close());
  return made;
}
const get = (url: string, timeoutMs = 5000) =>
  ({ method: 'POST', url, headers: [], body: 'hello', timeoutMs }) as const;
const PUBLIC = '93.184.216.34';
const resolve = (): Promise<string[]> => Promise.resolve([PUBLIC]);

describe('DL-12: calls through a proxy', () => {
  it('ask the proxy for the address that was judged, keep the connection, and never ask it for a name', async () => {
    const [proxy, target] = [await proxyThat(), await receiver()];
    const sender = client({ url: proxy.url }, { resolve });
    for (let index = 0; index < 5; index++) {
      const result = await sender.send(get(`http://shop.example:${target.port}/hook`));
      expect(result).toMatchObject({ ok: true, status: 200, remoteAddress: PUBLIC });
    }
    expect(new Set(proxy.asked)).toEqual(new Set([`${PUBLIC}:${target.port}`]));
    // Two, because undici lets a connection rest for one turn of the event loop before it uses it again.
    expect(proxy.asked.length).toBeLessThanOrEqual(2);
    expect(target.requests).toBe(5);
    expect(proxy.authorization).toBeUndefined();
  });

  it('speak TLS with the target through the tunnel, trusting the further authorities that were given and no others', async () => {
    const certificate = selfSigned('hooks.example');
    const server = createServer(certificate, (_, response) => response.end('secret'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    const proxy = await proxyThat();
    const url = `https://hooks.example:${(server.address() as AddressInfo).port}/`;
    const trusting = client({ url: proxy.url }, { resolve, extraCa: certificate.cert });
    const answer = await trusting.send(get(url));
    expect(answer).toMatchObject({ ok: true, status: 200 });
    const other = await trusting.send(get(url.replace('hooks', 'other')));
    expect(other).toMatchObject({ ok: false, error: { stage: 'tls' } });
    const doubting = await client({ url: proxy.url }, { resolve }).send(get(url));
    expect(doubting).toMatchObject({ ok: false, error: { stage: 'tls', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
  });

  it('refuse what is private before the proxy is asked, also when a name server rebinds', async () => {
    const proxy = await proxyThat();
    const answers = [['10.0.0.7'], ['169.254.169.254'], ['::ffff:127.0.0.1']];
    const sender = client({ url: proxy.url }, { resolve: () => Promise.resolve(answers.shift() ?? []) });
    for (let index = 0; index < 3; index++) {
      expect(await sender.send(get('http://rebind.example/'))).toMatchObject({ error: { stage: 'address' } });
    }
    expect(await sender.send(get('http://2130706433/'))).toMatchObject({ error: { stage: 'address' } });
    expect(proxy.asked).toEqual([]);
  });

  it('name the host where the proxy resolves; addresses and localhost are judged here all the same', async () => {
    const [proxy, target] = [await proxyThat(), await receiver()];
    const never = (): Promise<string[]> => Promise.reject(new Error('asked for a name'));
    const sender = client({ url: proxy.url, resolve: 'proxy' }, { resolve: never });
    const result = await sender.send(get(`http://inside.example:${target.port}/`));
    expect(result).toMatchObject({ ok: true, remoteAddress: null });
    expect(proxy.asked).toEqual([`inside.example:${target.port}`]);
    for (const url of [`http://127.0.0.1:${target.port}/`, 'http://localhost:8080/', 'http://[::ffff:10.0.0.1]/'])
      expect(await sender.send(get(url))).toMatchObject({ ok: false, error: { stage: 'address' } });
    expect(proxy.asked).toHaveLength(1);
  });

  it('go directly to the exceptions', async () => {
    const [proxy, target] = [await proxyThat(), await receiver()];
    const sender = client(
      { url: proxy.url, except: ['shop.example', '127.0.0.0/8'] },
      { allow: ['127.0.0.0/8'], resolve: () => Promise.resolve(['127.0.0.1']) },
    );
    for (const host of ['shop.example', 'eu.shop.example', '127.0.0.1'])
      expect(await sender.send(get(`http://${host}:${target.port}/`))).toMatchObject({ ok: true });
    expect(proxy.asked).toEqual([]);
    expect(await sender.send(get(`http://else.example:${target.port}/`))).toMatchObject({ ok: true });
    expect(proxy.asked).toEqual([`127.0.0.1:${target.port}`]);
  });

  it('give the proxy its user name and password, and nobody else', async () => {
    const [proxy, target] = [await proxyThat(), await receiver()];
    const url = proxy.url.replace('//', '//shop:s%40fe@');
    expect(await client({ url }, { resolve }).send(get(`http://shop.example:${target.port}/`))).toMatchObject({
      ok: true,
    });
    expect(proxy.authorization).toBe(`Basic ${Buffer.from('shop:s@fe').toString('base64')}`);
  });

  it('try the next address when the proxy cannot reach one', async () => {
    const target = await receiver();
    const proxy = await proxyThat((at) => (at.startsWith('[') ? 'HTTP/1.1 502 Bad Gateway\r\n\r\n' : undefined));
    const both = (): Promise<string[]> => Promise.resolve(['2606:4700::1', PUBLIC]);
    const result = await client({ url: proxy.url }, { resolve: both }).send(get(`http://shop.example:${target.port}/`));
    expect(result).toMatchObject({ ok: true, remoteAddress: PUBLIC });
    expect(proxy.asked).toEqual([`[2606:4700::1]:${target.port}`, `${PUBLIC}:${target.port}`]);
  });
});

describe('DL-12: a proxy that does not do its part is a failure of stage connect that says so', () => {
  const cases: [string, string, string][] = [
    ['407', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'proxy_auth'],
    ['403', 'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno', 'proxy_refused'],
    ['what is no HTTP', '220 mail.example ESMTP\r\n\r\n', 'proxy_answer'],
    ['an endless head', 'x'.repeat(40_000), 'proxy_answer'],
    ['the end', '', 'proxy_closed'],
  ];
  it.each(cases)('that answers %s', async (_, answer, code) => {
    const proxy = await proxyThat(() => answer);
    const result = await client({ url: proxy.url }, { resolve }).send(get('http://shop.example/'));
    expect(result).toMatchObject({ ok: false, error: { stage: 'connect', code } });
  });

  it('that nobody can reach', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.close();
    await once(server, 'close');
    const result = await client({ url }, { resolve }).send(get('http://shop.example/'));
    expect(result).toMatchObject({ ok: false, error: { stage: 'connect', code: 'proxy_unreachable' } });
  });

  it('that never answers: the call ends by its deadline, and the connection to the proxy is closed', async () => {
    let open = 0;
    const silent = createTcpServer((socket) => {
      open++;
      socket.resume().on('error', () => undefined);
      socket.on('close', () => open--);
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    closing.push(() => new Promise((done) => silent.close(done)));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const sender = client({ url }, { resolve, connectTimeoutMs: 300 });
    const first = await sender.send(get('http://shop.example/', 100));
    expect(first).toMatchObject({ ok: false, error: { stage: 'timeout', code: 'deadline' } });
    const second = await sender.send(get('http://other.example/'));
    expect(second).toMatchObject({ ok: false, error: { stage: 'connect', code: 'proxy_timeout' } });
    await waitFor(() => open === 0);
  });
});

describe('exceptions', () => {
  const exceptions = exceptionsOf(['example.org', '.corp', '*.internal.example', '10.0.0.0/8', '::1', '192.0.2.7']);
  it.each([
    ['example.org', true],
    ['EXAMPLE.org.', true],
    ['a.b.example.org', true],
    ['badexample.org', false],
    ['example.org.evil.example', false],
    ['corp', false],
    ['git.corp', true],
    ['internal.example', false],
    ['x.internal.example', true],
    ['10.9.8.7', true],
    ['11.0.0.1', false],
    ['::ffff:10.0.0.1', true],
    ['::1', true],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
  ])('%s: %s', (host, expected) => {
    expect(isException(host, exceptions)).toBe(expected);
  });

  it('* is everything', () => {
    expect(isException('a.example', exceptionsOf(['*']))).toBe(true);
    expect(isException('1.1.1.1', exceptionsOf(['*']))).toBe(true);
  });
});
