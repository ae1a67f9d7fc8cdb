import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Handler, type ReceiveOptions, Receiver } from './receiver.ts';

/** A handler of Express, Connect, or Node's own server. */
export type ExpressHandler = (request: IncomingMessage & { body?: unknown }, response: ServerResponse) => void;

/**
 * For Express: `app.post('/hooks', receiveExpress(options, handler))`, before any `express.json()`. The signature is over
 * the exact bytes, which a parsed body does not have any more; `express.raw({ type: '*\/*' })` before it is fine.
 */
export function receiveExpress(options: ReceiveOptions, handler: Handler): ExpressHandler {
  const receiver = new Receiver(options, handler);
  return (request, response) => {
    void bytesOf(request, receiver.maxBytes)
      .then((body) => (body ? receiver.receive(request.headers, body) : receiver.tooLarge()))
      .then(
        ({ status, headers, body }) => response.writeHead(status, headers).end(body),
        (error: unknown) => {
          options.onProblem?.(error);
          response.writeHead(500, { 'content-type': 'text/plain' }).end((error as Error).message);
        },
      );
  };
}

/** Null when it is too large. @throws Error when the body was parsed already */
async function bytesOf(request: IncomingMessage & { body?: unknown }, maxBytes: number): Promise<Uint8Array | null> {
  if (request.body instanceof Uint8Array) return request.body;
  if (request.readableEnded || (request.body !== undefined && request.body !== null)) {
    throw new Error('the body was parsed before it was verified: put receiveExpress before express.json()');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is read and thrown away, or the sender would see a reset in place of the answer.
    if (size <= maxBytes) chunks.push(chunk);
  }
  return size > maxBytes ? null : Buffer.concat(chunks);
}
