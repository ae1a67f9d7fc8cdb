import type { FastifyInstance } from 'fastify';
import { BodyProblem, checkJsonShape, DEFAULT_BODY_LIMITS, textOf } from '@sluice/request-body';
import { platformError } from './platform.errors.ts';

/** A flow of 20 steps in each other, the most that is allowed, is 82 levels of JSON; what a step holds comes on top. */
const LIMITS = { ...DEFAULT_BODY_LIMITS, maxDepth: 128 };

/**
 * Reads JSON bodies of management requests with Fastify's own secure parser (`__proto__` and `constructor.prototype`
 * are refused), so that what is wrong reaches the caller as our problem: Nest would flatten it to "Bad Request".
 * Depth and keys are bounded, before anything walks the value by recursion. No bytes are no body, not broken JSON.
 */
export function acceptJsonBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    /^application\/(?:[\w.-]+\+)?json(?:;|$)/i,
    { parseAs: 'buffer' },
    (request, body, done) => {
      if (body.length === 0) return done(null, undefined);
      const text = boundedText(body as Buffer);
      if (text instanceof Error) return done(text);
      parse(request, text, (error, value) => {
        if (error) done(platformError('malformed_json', error.message));
        else done(null, value);
      });
    },
  );
}

function boundedText(body: Buffer): string | Error {
  try {
    const text = textOf(body);
    checkJsonShape(text, LIMITS);
    return text;
  } catch (error) {
    if (!(error instanceof BodyProblem)) throw error;
    return error.code === 'too_deep' || error.code === 'too_many_keys'
      ? platformError(error.code, error.detail)
      : platformError('malformed_json', error.detail);
  }
}
