import { createServer, request as ask, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { product } from './browser.fixture.ts';

/** How a path is answered: passed on, passed on once it is released, as a broken proxy would, or not at all. */
export type Fault = 'none' | 'held' | 'bad-gateway' | 'cut';

/** In front of the running product: real answers, except for one path that is made to fail. */
export class FaultyProxy {
  fault: Fault = 'none';
  readonly #server: Server;
  #held: (() => void)[] = [];

  /** @param path how the addresses begin that are made to fail, or which do */
  constructor(path: string | ((asked: string) => boolean)) {
    const fails = typeof path === 'string' ? (asked: string) => asked.startsWith(path) : path;
    this.#server = createServer((incoming, outgoing) => {
      const pass = (): void => {
        const { method, headers, url: asked = '/' } = incoming;
        const upstream = ask(`${product.url()}${asked}`, { method, headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        });
        upstream.on('error', () => outgoing.destroy());
        incoming.pipe(upstream);
      };
      const fault = fails(incoming.url ?? '') ? this.fault : 'none';
      if (fault === 'none') pass();
      else if (fault === 'held') this.#held.push(pass);
      else if (fault === 'cut') incoming.socket.destroy();
      else outgoing.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lets everything through that was held, and all that comes. */
  release(): void {
    this.fault = 'none';
    for (const pass of this.#held.splice(0)) pass();
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
