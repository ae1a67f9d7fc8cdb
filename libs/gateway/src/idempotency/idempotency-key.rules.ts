import { hash } from 'node:crypto';
import type { AppError } from '@sluice/contracts';
import type { Template } from '@sluice/templates';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { gatewayError } from '../gateway.errors.ts';

/** One or more visible ASCII characters; a quoted string of structured fields is taken as it stands, with its quotes. */
const VISIBLE = /^[\x20-\x7e]+$/;
/** An expression is a path and perhaps a filter; more work than this is a mistake or an attack. */
const EVALUATION = { steps: 20_000, maxOutput: 10_000 };

/** What an expression reads. */
export interface IdempotencyContext {
  body: unknown;
  query: unknown;
  headers: Record<string, string>;
  method: string;
}

export function invalidKey(detail: string): AppError {
  return gatewayError('invalid_idempotency_key', detail);
}

/**
 * The key of the header, or null when it was not sent.
 * @throws AppError `invalid_idempotency_key`
 */
export function keyOfHeader(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = Array.isArray(header) ? header.join(', ') : header;
  const max = GATEWAY_LIMITS.maxIdempotencyKeyLength;
  if (key.length > max || !VISIBLE.test(key)) {
    throw invalidKey(`Idempotency-Key must be 1 to ${max} visible ASCII characters.`);
  }
  return key;
}

/**
 * The key that the trigger's expression gives, or null when it gives nothing: a request without an order id cannot be a
 * repeat of another.
 * @throws AppError `invalid_idempotency_key`
 */
export function keyOfExpression(expression: Template, context: IdempotencyContext): string | null {
  let value: unknown;
  try {
    value = expression.evaluate({ ...context }, EVALUATION);
  } catch (error) {
    throw invalidKey(`The trigger's idempotency expression cannot be applied: ${(error as Error).message}.`);
  }
  if (value === null || value === undefined) return null;
  const key = typeof value === 'string' ? value.trim() : JSON.stringify(value);
  return key === '' ? null : key;
}

/** Where a key is remembered: keys of a trigger say nothing about those of another, a draft's nothing about live ones. */
export function storedKey(triggerId: string, mode: string, source: 'header' | 'expression', key: string): Buffer {
  return hash('sha256', JSON.stringify([triggerId, mode, source, key]), 'buffer');
}

/** The parameter `boundary` of multipart bodies (RFC 2046 §5.1.1). */
const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;

/** Clients make up another boundary for each try; the parts between them are what is repeated. */
function withoutBoundary(body: Buffer, contentType: string | undefined): Buffer {
  const match = contentType?.startsWith('multipart/') ? BOUNDARY.exec(contentType) : null;
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) return body;
  return Buffer.from(body.toString('latin1').replaceAll(`--${boundary}`, '--'), 'latin1');
}

/** What has to be the same for a request to be a repeat: the body, byte by byte; without one, the query. */
export function fingerprintOf(body: Buffer, url: string, contentType?: string): Buffer {
  const ofBody = hash('sha256', withoutBoundary(body, contentType), 'buffer');
  const question = url.indexOf('?');
  if (question === -1 || body.length > 0) return ofBody;
  return hash('sha256', Buffer.concat([ofBody, Buffer.from(url.slice(question))]), 'buffer');
}
