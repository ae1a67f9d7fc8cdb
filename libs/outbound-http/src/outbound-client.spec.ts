import {
  type HostileMode,
  type HostileReceiver,
  hostileReceiver,
  recordingReceiver,
  selfSigned,
  waitFor,
} from '@sluice/testing';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createOutboundClient,
  type OutboundClient,
  type OutboundClientOptions,
  type OutboundRequest,
} from './outbound-client.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
}, 30_000);

function client(options: Partial<OutboundClientOptions> = {}): OutboundClient {
  const made = createOutboundClient({ allow: ['127.0.0.0/8'], ...options });
  closing.push(() => made.close(100));
  return made;
}

async function hostile(mode: HostileMode): Promise<HostileReceiver> {
  const receiver = await hostileReceiver(mode);
  closing.push(() => receiver.close());
  return receiver;
}

function post(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return { method: 'POST', url, headers: [['content-type', 'text/plain']], body: 'hello', timeoutMs: 2000, ...more };
}

describe('what is sent and answered', () => {
  it('sends method, headers and body, and gives back status, headers and bytes', async () => {
    const receiver = await recordingReceiver();
    closing.push(() => receiver.close());
    receiver.respond({ status: 201, headers: { 'X-Answer': 'yes' }, body: 'made' });
    const result = await client().send(post(`${receiver.url}/a/b?c=d`));
    expect(result).toMatchObject({ ok: true, status: 201, truncated: false, remoteAddress: '127.0.0.1' });
    if (!result.ok) throw new Error('not ok');
    expect(result.headers['x-answer']).toBe('yes');
    expect(result.body.toString()).toBe('made');
    expect(receiver.requests[0]).toMatchObject({ method: 'POST', path: '/a/b?c=d', text: 'hello' });
  });

  it('does not follow a redirect', async () => {
    const receiver = await hostile({ kind: 'redirect', location: 'http://169.254.169.254/' });
    expect(await client().send(post(receiver.url))).toMatchObject({ ok: true, status: 302 });
    expect(receiver.requests).toBe(1);
  });

  it('DL-09: refuses a header that would inject another, or that frames the message', async () => {
    const receiver = await hostile({ kind: 'ok' });
    const sender = client();
    for (const header of [
      ['x-a', 'b\r\nx-c: d'],
      ['x-a', 'b\nx-c: d'],
      ['x-a\r\nx-c', 'd'],
      ['x-a', '\u0000'],
      ['x-a', 'ż'],
      ['x a', 'b'],
      ['Transfer-Encoding', 'chunked'],
      ['content-length', '1'],
      ['Host', 'elsewhere'],
    ] as const) {
      expect(await sender.send(post(receiver.url, { headers: [header] }))).toMatchObject({
        ok: false,
        error: { stage: 'request', code: 'invalid_header' },
      });
    }
    const big = await sender.send(post(receiver.url, { headers: [['x-big', 'x'.repeat(17_000)]] }));
    expect(big).toMatchObject({ ok: false, error: { code: 'headers_too_large' } });
    expect(receiver.connections).toBe(0);
  });

  it('speaks TLS to the name although it connects to an address, and verifies the certificate', async () => {
    const certificate = selfSigned('hooks.example');
    const server = createServer(certificate, (_, response) => response.end('secret'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    const url = (name: string): string => `https://${name}:${(server.address() as AddressInfo).port}/`;
    const resolve = (): Promise<string[]> => Promise.resolve(['127.0.0.1']);
    const trusting = client({ resolve, tls: { ca: certificate.cert } });
    expect(await trusting.send(post(url('hooks.example')))).toMatchObject({ ok: true, status: 200 });
    expect(await trusting.send(post(url('other.example')))).toMatchObject({ ok: false, error: { stage: 'tls' } });
    const doubting = await client({ resolve }).send(post(url('hooks.example')));
    expect(doubting).toMatchObject({
      ok: false,
      error: { stage: 'tls', code: 'DEPTH_ZERO_SELF_SIGNED_CERT', message: 'the certificate is self-signed' },
    });
  });
});

describe('DL-07: the address guard', () => {
  it('refuses a literal before anything is connected', async () => {
    const receiver = await hostile({ kind: 'ok' });
    const strict = client({ allow: [] });
    expect(strict.checkUrl(receiver.url)).toContain('loopback');
    const result = await strict.send(post(receiver.url));
    expect(result).toMatchObject({ ok: false, error: { stage: 'address', code: 'url_not_allowed' } });
    expect(receiver.connections).toBe(0);
  });

  it('refuses a name all of whose addresses are private', async () => {
    const receiver = await hostile({ kind: 'ok' });
    const strict = client({ allow: [], resolve: () => Promise.resolve(['10.0.0.7', '127.0.0.1']) });
    const result = await strict.send(post(`http://rebind.example:${receiver.port}/`));
    expect(result).toMatchObject({ ok: false, error: { stage: 'address', code: 'address_not_allowed' } });
    expect(receiver.connections).toBe(0);
  });

  it('connects only to the addresses it judged: a name server that rebinds gains nothing', async () => {
    const inside = await hostile({ kind: 'ok' });
    let asked = 0;
    // What the guard sees is fine (127.0.0.2 is allowed, and nobody listens there); every later answer is the inside.
    const resolve = (): Promise<string[]> => Promise.resolve(asked++ === 0 ? ['127.0.0.2'] : ['127.0.0.1']);
    const guarded = client({ allow: ['127.0.0.2/32'], resolve });
    const url = `http://rebind.example:${inside.port}/`;
    expect(await guarded.send(post(url))).toMatchObject({ ok: false, error: { stage: 'connect' } });
    expect(asked).toBe(1);
    expect(await guarded.send(post(url))).toMatchObject({ ok: false, error: { stage: 'address' } });
    expect(asked).toBe(2);
    expect(inside.connections).toBe(0);
  });

  it('uses the permitted addresses of a name that also has private ones', async () => {
    const receiver = await hostile({ kind: 'ok' });
    const mixed = client({ resolve: () => Promise.resolve(['10.0.0.7', '127.0.0.1']) });
    const result = await mixed.send(post(`http://mixed.example:${receiver.port}/`));
    expect(result).toMatchObject({ ok: true, remoteAddress: '127.0.0.1' });
  });

  it('tells a name that does not exist from one that may not be called', async () => {
    const failing = client({ resolve: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })) });
    expect(await failing.send(post('http://nowhere.example/'))).toMatchObject({
      ok: false,
      error: { stage: 'dns', code: 'ENOTFOUND' },
    });
  });
});

describe('DL-08: hostile receivers', () => {
  const cases: [HostileMode, string, string][] = [
    [{ kind: 'slow-drip', byteEveryMs: 20 }, 'timeout', 'deadline'],
    [{ kind: 'slow-head', byteEveryMs: 20 }, 'timeout', 'deadline'],
    [{ kind: 'never-answers' }, 'timeout', 'deadline'],
    [{ kind: 'reset', when: 'request' }, 'response', 'ECONNRESET'],
    [{ kind: 'reset', when: 'body' }, 'response', 'ECONNRESET'],
    [{ kind: 'huge-headers', bytes: 1_000_000 }, 'response', 'UND_ERR_HEADERS_OVERFLOW'],
    [{ kind: 'http-garbage' }, 'response', 'HTTPParserError'],
  ];
  it.each(cases)(
    '%j ends at stage %s (%s), the slot and the connection freed by the deadline',
    async (mode, stage, code) => {
      const receiver = await hostile(mode);
      const startMs = performance.now();
      // What the receiver breaks is told as that, however late: only what hangs has to meet its deadline.
      const timeoutMs = stage === 'timeout' ? 300 : 20_000;
      const result = await client().send(post(receiver.url, { timeoutMs }));
      expect(performance.now() - startMs).toBeLessThan(4_000);
      expect(result).toMatchObject({ ok: false, error: { stage, code } });
      await waitFor(() => receiver.open() === 0);
    },
  );

  it('tells what it waited for when the deadline came', async () => {
    const receiver = await hostile({ kind: 'never-answers' });
    const result = await client().send(post(receiver.url, { timeoutMs: 100 }));
    expect(result).toMatchObject({ error: { message: 'not done within 100 ms (while waiting for the answer)' } });
  });

  it('counts the name’s resolution and the connection into the one deadline', async () => {
    const silent = client({ resolve: () => new Promise(() => undefined) });
    const startMs = performance.now();
    const result = await silent.send(post('http://silent.example/', { timeoutMs: 200 }));
    expect(result).toMatchObject({
      ok: false,
      error: { stage: 'timeout', message: expect.stringContaining('while connecting') },
    });
    expect(performance.now() - startMs).toBeLessThan(4_000);
  });

  it('never sends a request whose deadline passed while it was connecting', async () => {
    const receiver = await hostile({ kind: 'ok' });
    let answer: (addresses: string[]) => void = () => undefined;
    const late = client({ resolve: () => new Promise((resolve) => (answer = resolve)) });
    const url = `http://late.example:${receiver.port}/`;
    expect(await late.send(post(url, { timeoutMs: 50 }))).toMatchObject({ ok: false });
    answer(['127.0.0.1']);
    await waitFor(() => receiver.connections === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(receiver.requests).toBe(0);
  });

  it('gives a request up when its caller does', async () => {
    const receiver = await hostile({ kind: 'never-answers' });
    const controller = new AbortController();
    const sender = client();
    const pending = sender.send(post(receiver.url, { signal: controller.signal }));
    await waitFor(() => receiver.requests === 1);
    controller.abort();
    expect(await pending).toMatchObject({ ok: false, error: { code: 'aborted' } });
    expect(await sender.send(post(receiver.url, { signal: controller.signal }))).toMatchObject({
      error: { code: 'aborted' },
    });
  });

  it('reads an endless body up to the limit and no further', async () => {
    const receiver = await hostile({ kind: 'endless-body' });
    const result = await client().send(post(receiver.url));
    expect(result).toMatchObject({ ok: true, status: 200, truncated: true });
    if (!result.ok) throw new Error('not ok');
    expect(result.body.length).toBe(1024 * 1024);
    await waitFor(() => receiver.open() === 0);
    expect(receiver.bytesSent).toBeLessThan(16 * 1024 * 1024);
  });

  it('gives exactly the limit when the body has exactly that size', async () => {
    const receiver = await hostile({ kind: 'ok', body: 'x'.repeat(1000) });
    const whole = await client().send(post(receiver.url, { maxBodyBytes: 1000 }));
    expect(whole).toMatchObject({ ok: true, truncated: false });
    const cut = await client().send(post(receiver.url, { maxBodyBytes: 999 }));
    expect(cut).toMatchObject({ ok: true, truncated: true });
  });

  it('does not unpack a gzip bomb', async () => {
    const receiver = await hostile({ kind: 'gzip-bomb', unpackedBytes: 100_000_000 });
    const result = await client().send(post(receiver.url));
    expect(result).toMatchObject({ ok: true, truncated: false, headers: { 'content-encoding': 'gzip' } });
    if (!result.ok) throw new Error('not ok');
    expect(result.body.length).toBeLessThan(200_000);
  });

  it('ends at stage tls when the other side does not speak it', async () => {
    const receiver = await hostile({ kind: 'tls-garbage' });
    const result = await client().send(post(`https://127.0.0.1:${receiver.port}/`));
    expect(result).toMatchObject({ ok: false, error: { stage: 'tls' } });
  });

  it('says of a 100 Continue that nobody asked for what it is', async () => {
    const server = createTcpServer((socket) =>
      socket
        .resume()
        .on('error', () => undefined)
        .end('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const result = await client().send(post(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
    const message = 'the answer began with 100 Continue, which was not asked for';
    expect(result).toMatchObject({ ok: false, error: { stage: 'response', message } });
  });

  it('ends at stage connect when nobody listens', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const result = await client().send(post(`http://127.0.0.1:${port}/`));
    expect(result).toMatchObject({ ok: false, error: { stage: 'connect', code: 'ECONNREFUSED' } });
  });

  it('keeps its memory while three hundred hostile answers are read at a time', async () => {
    const endless = await hostile({ kind: 'endless-body' });
    const dripping = await hostile({ kind: 'slow-drip', byteEveryMs: 10 });
    const sender = client();
    const round = (): Promise<unknown> =>
      Promise.all(
        Array.from({ length: 300 }, (_, index) =>
          sender.send(post(index % 3 === 0 ? endless.url : dripping.url, { timeoutMs: 500, maxBodyBytes: 64 * 1024 })),
        ),
      );
    await round();
    const beforeMb = process.memoryUsage().rss / 1e6;
    for (let again = 0; again < 5; again++) await round();
    expect(process.memoryUsage().rss / 1e6 - beforeMb).toBeLessThan(150);
    await waitFor(() => endless.open() + dripping.open() === 0);
  }, 30_000);
});

describe('connections', () => {
  it('keeps them open between requests to an origin', async () => {
    const receiver = await hostile({ kind: 'ok' });
    const sender = client();
    for (let index = 0; index < 10; index++) await sender.send(post(receiver.url));
    // Two, because undici lets a connection rest for one turn of the event loop before it uses it again.
    expect(receiver.connections).toBeLessThanOrEqual(2);
  });

  it('closing ends what still waits for a connection, too, and does not wait for it', async () => {
    const receiver = await hostile({ kind: 'never-answers' });
    const sender = client({ connectionsPerOrigin: 2 });
    const results = Array.from({ length: 6 }, () => sender.send(post(receiver.url, { timeoutMs: 20_000 })));
    await waitFor(() => receiver.requests === 2);
    await sender.close(50);
    expect((await Promise.all(results)).map((result) => result.ok)).toEqual(Array.from({ length: 6 }, () => false));
  }, 10_000);

  it('has at most the given number of origins open, and ends running requests of a closed one properly', async () => {
    const receiver = await hostile({ kind: 'ok' });
    const sender = client({ maxOrigins: 2, resolve: () => Promise.resolve(['127.0.0.1']) });
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => sender.send(post(`http://host-${index}.example:${receiver.port}/`))),
    );
    expect(results.every((result) => result.ok)).toBe(true);
    await waitFor(() => receiver.open() <= 2);
  });
});
