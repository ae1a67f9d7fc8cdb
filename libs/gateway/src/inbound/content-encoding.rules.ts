import { gatewayError } from '../gateway.errors.ts';

/** How a body may be compressed (RFC 9110 §8.4.1, RFC 7932). */
export type ContentCoding = 'gzip' | 'deflate' | 'br';

const CODINGS: ReadonlyMap<string, ContentCoding | null> = new Map([
  ['', null],
  ['identity', null],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
]);

/**
 * How a body is compressed, null when it is not. One coding only: of several each could be a bomb.
 * @throws AppError `unsupported_content_encoding` with what is accepted instead (RFC 9110 §15.5.16).
 */
export function codingOf(encoding: string | undefined): ContentCoding | null {
  if (encoding === undefined) return null;
  const coding = CODINGS.get(encoding.trim().toLowerCase());
  if (coding !== undefined) return coding;
  throw gatewayError(
    'unsupported_content_encoding',
    'Send the body as gzip, deflate, br, or without Content-Encoding.',
    {
      headers: { 'accept-encoding': 'gzip, deflate, br, identity' },
    },
  );
}
