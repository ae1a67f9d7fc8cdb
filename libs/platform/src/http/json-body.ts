import type { FastifyInstance } from 'fastify';
import { platformError } from './platform.errors.ts';

/**
 * Reads JSON bodies of management requests with Fastify's own secure parser (`__proto__` and `constructor.prototype`
 * are refused), so that what is wrong reaches the caller as our problem: Nest would flatten it to "Bad Request".
 */
export function acceptJsonBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    /^application\/(?:[\w.-]+\+)?json(?:;|$)/i,
    { parseAs: 'string' },
    (request, body, done) => {
      parse(request, body as string, (error, value) => {
        if (error) done(platformError('malformed_json', error.message));
        else done(null, value);
      });
    },
  );
}
