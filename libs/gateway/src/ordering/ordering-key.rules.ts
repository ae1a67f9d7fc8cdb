import { createHash } from 'node:crypto';
import type { Template } from '@sluice/templates';
import { gatewayError } from '../gateway.errors.ts';

/** A key is a path and perhaps a filter; more work than this is a mistake. */
const EVALUATION = { steps: 20_000, maxOutput: 10_000 };
/** Longer ones are kept as their hash: a key is also the key of a Kafka message and of an index. */
const MAX_LENGTH = 200;

export interface OrderingContext {
  body: unknown;
  query: unknown;
  headers: Record<string, string>;
  method: string;
}

/**
 * What a template gives as a key, or null when it gives nothing: such a request has no order.
 * @throws AppError `invalid_ordering_key`
 */
export function keyOfTemplate(template: Template, context: OrderingContext): string | null {
  let value: unknown;
  try {
    value = template.evaluate({ ...context }, EVALUATION);
  } catch (error) {
    const why = (error as Error).message;
    throw gatewayError('invalid_ordering_key', `The trigger's ordering template cannot be applied: ${why}.`);
  }
  if (value === null || value === undefined) return null;
  const text = typeof value === 'string' ? value.trim() : JSON.stringify(value);
  if (text === '') return null;
  return text.length <= MAX_LENGTH ? text : createHash('sha256').update(text).digest('hex');
}

/** The keys of an app are its own, and those of drafts do not hold up what is live. */
export function orderingKeyOf(appId: string, mode: 'live' | 'draft', key: string): string {
  return `${appId}/${mode}/${key}`;
}
