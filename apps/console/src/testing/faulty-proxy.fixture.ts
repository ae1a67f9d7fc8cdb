import { createServer, type IncomingMessage, request as ask, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { product } from './browser.fixture.ts';

/**
 * How a path is answered: passed on, passed on once that is said, with the error that nobody foresaw, as a broken proxy
 * would, or not at all.
 */
export type Fault = 'none' | 'held' | 'error' | 'bad-gateway' | 'cut';

/** What the product answers when something broke that nobody foresaw (libs/platform, problem.ts). */
export const BROKEN = {
  type: 'https://sluice.dev/errors#internal_error',
  title: 'Something went wrong here',
  status: 500,
  detail: 'the error was recorded; its request id finds it in the log',
  code: 'internal_error',
  requestId: '0199c2d0-8a3b-7c41-9f0e-3b1f5e6a7d90',
} as const;

function passOn(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url: asked = '/' } = incoming;
  const upstream = ask(`${product.url()}${asked}`, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}

/** In front of the running product: real answers, except for one path that is made to fail. */
export class FaultyProxy {
  fault: Fault = 'none';
  readonly #server: Server;
  #held: (() => void)[] = [];

  /** @param path how the addresses begin that are made to fail, or which do */
  constructor(path: string | ((asked: string) => boolean)) {
    const fails = typeof path === 'string' ? (asked: string) => asked.startsWith(path) : path;
    this.#server = createServer((incoming, outgoing) => {
      if (fails(incoming.url ?? '')) this.#answer(incoming, outgoing);
      else passOn(incoming, outgoing);
    });
  }

  #answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (this.fault === 'none') passOn(incoming, outgoing);
    else if (this.fault === 'held') this.#held.push(() => this.#answer(incoming, outgoing));
    else if (this.fault === 'cut') incoming.socket.destroy();
    else if (this.fault === 'bad-gateway')
      outgoing.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
    else outgoing.writeHead(500, { 'content-type': 'application/problem+json' }).end(JSON.stringify(BROKEN));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on, and for what is held. */
  turn(fault: Fault): void {
    this.fault = fault;
    for (const answer of this.#held.splice(0)) answer();
  }

  /** Lets everything through that was held, and all that comes. */
  release(): void {
    this.turn('none');
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
