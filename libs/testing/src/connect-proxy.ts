import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface ConnectProxy {
  url: string;
  /** `host:port` of each CONNECT, in order. */
  asked: string[];
  /** The `proxy-authorization` of the newest one. */
  authorization: string | undefined;
  close(): Promise<void>;
}

/** A real HTTP proxy for CONNECT. @param answer a status to refuse a host with; undefined lets it through to 127.0.0.1. */
export async function connectProxy(
  answer: (authority: string) => string | undefined = () => undefined,
): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(405).end());
  const proxy: ConnectProxy = {
    url: '',
    asked: [],
    authorization: undefined,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('connection', (socket) => sockets.add(socket).add(socket.on('error', () => undefined)));
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    const authority = request.url ?? '';
    proxy.asked.push(authority);
    proxy.authorization = request.headers['proxy-authorization'];
    const refusal = answer(authority);
    if (refusal !== undefined) return void client.end(refusal);
    const upstream = connect(Number(authority.slice(authority.lastIndexOf(':') + 1)), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\nvia: 1.1 test\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    sockets.add(upstream.on('error', () => client.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}
