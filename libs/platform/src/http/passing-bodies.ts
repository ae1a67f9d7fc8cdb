import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Bytes of a refused body that are read and thrown away so that its sender, who writes first and reads then, gets the answer. */
const MOST_BYTES = 16 * 1_048_576;
const MOST_MS = 1_000;

/** Resolves when the body has come to its end, or the bounds are reached. */
function passed(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const timer = setTimeout(resolve, MOST_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) end();
    });
    for (const event of ['end', 'close', 'error']) request.once(event, end);
    request.resume();
  });
}

/**
 * Answers that end their connection wait for the rest of the body, within bounds: closing while the other side still
 * writes makes the kernel send a reset, under which the answer is lost (RFC 9112 §9.6).
 */
export function letBodiesPass(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async ({ raw }, reply) => {
    const closes = !reply.raw.shouldKeepAlive || reply.getHeader('connection') === 'close';
    const hasBody = raw.headers['content-length'] !== undefined || raw.headers['transfer-encoding'] !== undefined;
    if (closes && hasBody && !raw.complete && !raw.destroyed) await passed(raw);
  });
}
