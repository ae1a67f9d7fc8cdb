import type { IncomingHttpHeaders } from 'node:http';
import { type Handler, type ReceiveOptions, Receiver } from './receiver.ts';

interface ReplyLike {
  code(status: number): ReplyLike;
  headers(headers: Record<string, string>): ReplyLike;
  send(body: string): unknown;
}

/** What is needed of Fastify (4 and 5). */
export interface FastifyLike {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    type: string,
    options: { parseAs: 'buffer'; bodyLimit: number },
    parse: (request: never, body: Buffer, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
  post(
    path: string,
    options: { bodyLimit: number },
    handler: (request: { headers: IncomingHttpHeaders; body: unknown }, reply: ReplyLike) => Promise<unknown>,
  ): unknown;
}

/**
 * For Fastify, as a plugin of its own: `app.register(receiveFastify('/hooks', options, handler))`. Inside it bodies are
 * left as bytes; the parsers of the rest of the app are not touched.
 */
export function receiveFastify(path: string, options: ReceiveOptions, handler: Handler) {
  const receiver = new Receiver(options, handler);
  const bodyLimit = receiver.maxBytes;
  return (app: FastifyLike, _options: unknown, done: () => void): void => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, parsed) => parsed(null, body));
    app.post(path, { bodyLimit }, async (request, reply) => {
      const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
      const answer = await receiver.receive(request.headers, body);
      return reply.code(answer.status).headers(answer.headers).send(answer.body);
    });
    done();
  };
}
