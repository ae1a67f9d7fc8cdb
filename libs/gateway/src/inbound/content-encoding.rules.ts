import type { AppError } from '@sluice/contracts';
import { gatewayError } from '../gateway.errors.ts';

/** Bodies are read as they are; a compressed one is refused with what is accepted instead (RFC 9110 §15.5.16). */
export function contentEncodingProblem(encoding: string | undefined): AppError | null {
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return null;
  return gatewayError('unsupported_content_encoding', 'Send the body without Content-Encoding.', {
    headers: { 'accept-encoding': 'identity' },
  });
}
