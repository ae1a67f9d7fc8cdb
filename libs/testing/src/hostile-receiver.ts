import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

export type HostileMode =
  | { kind: 'ok'; status?: number; body?: string; headers?: Record<string, string> }
  /** One status per request, the last one for ever. */
  | { kind: 'status-sequence'; statuses: readonly number[]; headers?: Record<string, string> }
  | { kind: 'redirect'; location: string; status?: number }
  /** Head at once, then one byte of body every `byteEveryMs`, without end. */
  | { kind: 'slow-drip'; byteEveryMs: number }
  /** As slow-drip, but of the head: a timeout per read never fires. */
  | { kind: 'slow-head'; byteEveryMs: number }
  | { kind: 'endless-body' }
  /** RST: when the connection opens, after the request, or in the middle of the answer's body. */
  | { kind: 'reset'; when: 'connect' | 'request' | 'body' }
  | { kind: 'huge-headers'; bytes: number }
  | { kind: 'never-answers' }
  /** A small gzip body of `unpackedBytes` zeros. */
  | { kind: 'gzip-bomb'; unpackedBytes: number }
  /** To a TLS client: bytes that are no TLS. */
  | { kind: 'tls-garbage' }
  /** To an HTTP client: bytes that are no HTTP. */
  | { kind: 'http-garbage' };

export interface HostileReceiver {
  /** http://127.0.0.1:port; put https in front for tls-garbage. */
  url: string;
  port: number;
  mode: HostileMode;
  /** Connections and complete requests so far, and bytes of body that clients took. */
  connections: number;
  requests: number;
  bytesSent: number;
  /** Connections open now: a client that gave up must have closed its own. */
  open(): number;
  close(): Promise<void>;
}

const CHUNK = Buffer.alloc(64 * 1024, 'a');

function endless(receiver: HostileReceiver, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain' });
  const pour = (): void => {
    while (!response.destroyed) {
      receiver.bytesSent += CHUNK.length;
      if (!response.write(CHUNK)) return;
    }
  };
  response.on('drain', pour);
  pour();
}

function drip(receiver: HostileReceiver, socket: Socket, head: string, everyMs: number): void {
  socket.write(head);
  const timer = setInterval(() => {
    receiver.bytesSent++;
    socket.write('x');
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}

function answer(receiver: HostileReceiver, request: IncomingMessage, response: ServerResponse): void {
  const { mode } = receiver;
  const index = receiver.requests++;
  const { socket } = request;
  const chunkedHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n';
  switch (mode.kind) {
    case 'ok':
      response.writeHead(mode.status ?? 200, mode.headers).end(mode.body ?? 'ok');
      return;
    case 'status-sequence':
      response.writeHead(mode.statuses[Math.min(index, mode.statuses.length - 1)] ?? 200, mode.headers).end('answer');
      return;
    case 'redirect':
      response.writeHead(mode.status ?? 302, { location: mode.location }).end();
      return;
    case 'slow-drip':
      return drip(receiver, socket, `${chunkedHead}content-length: 1000000000\r\n\r\n`, mode.byteEveryMs);
    case 'slow-head':
      return drip(receiver, socket, `${chunkedHead}x-slow: `, mode.byteEveryMs);
    case 'endless-body':
      return endless(receiver, response);
    case 'reset':
      if (mode.when === 'body')
        socket.write(`${chunkedHead}content-length: 1000\r\n\r\npartial`, () => socket.resetAndDestroy());
      else socket.resetAndDestroy();
      return;
    case 'huge-headers':
      socket.end(`HTTP/1.1 200 OK\r\nx-huge: ${'h'.repeat(mode.bytes)}\r\ncontent-length: 2\r\n\r\nok`);
      return;
    case 'gzip-bomb':
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(mode.unpackedBytes)));
      return;
    case 'http-garbage':
      socket.end('\u0000\u0001 this is not HTTP\r\n\r\n');
      return;
    case 'never-answers':
    case 'tls-garbage':
  }
}

/** A receiver that misbehaves in one way at a time; set `mode` to change it. On a free port of 127.0.0.1. */
export async function hostileReceiver(mode: HostileMode, options: { port?: number } = {}): Promise<HostileReceiver> {
  const sockets = new Set<Socket>();
  const http = createHttpServer((request, response) => {
    request.resume();
    request.once('end', () => answer(receiver, request, response));
    request.once('error', () => response.destroy()); // the client gave up, which is what these tests want
  });
  const server = createServer((socket) => {
    receiver.connections++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy()); // resets are expected here
    if (receiver.mode.kind === 'reset' && receiver.mode.when === 'connect') socket.resetAndDestroy();
    else if (receiver.mode.kind === 'tls-garbage')
      socket.end(Buffer.from('garbage instead of a ServerHello\r\n'.repeat(20)));
    else http.emit('connection', socket);
  });
  const receiver: HostileReceiver = {
    url: '',
    port: 0,
    mode,
    connections: 0,
    requests: 0,
    bytesSent: 0,
    open: () => sockets.size,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  receiver.port = (server.address() as AddressInfo).port;
  receiver.url = `http://127.0.0.1:${receiver.port}`;
  return receiver;
}
