import type { FastifyInstance, FastifyRequest } from 'fastify';
import { platformError } from './platform.errors.ts';

const YAML = /^(?:application|text)\/(?:x-)?yaml(?:;|$)/i;
const LARGEST_BYTES = 10 * 1_048_576;

/** For `@RouteConfig(YAML_BODY)`: the handler gets the bytes of a YAML body, at most 10 MiB, and reads them itself. */
export const YAML_BODY = { yamlBody: true } as const;

/** Routes that ask for it take YAML; before the others a body of 10 MiB is not even read. */
export function acceptYamlBodies(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(YAML, (request, payload, done) => {
    const { yamlBody } = request.routeOptions.config as { yamlBody?: boolean };
    if (!yamlBody) return done(platformError('unsupported_media_type', 'this route takes JSON'));
    if (announcedBytes(request) > LARGEST_BYTES) return done(tooLarge());
    const chunks: Buffer[] = [];
    let bytes = 0;
    payload.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LARGEST_BYTES) {
        payload.removeAllListeners('data');
        payload.resume();
        done(tooLarge());
      } else chunks.push(chunk);
    });
    payload.once('end', () => {
      if (bytes <= LARGEST_BYTES) done(null, Buffer.concat(chunks));
    });
    payload.once('error', (error) => done(error));
  });
}

function announcedBytes(request: FastifyRequest): number {
  return Number(request.headers['content-length'] ?? 0);
}

function tooLarge(): Error {
  return platformError('body_too_large', `a document may have ${LARGEST_BYTES / 1_048_576} MiB at most`);
}
