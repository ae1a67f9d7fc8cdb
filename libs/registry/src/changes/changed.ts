import type { Reply } from '../requests/reply.ts';
import { etagOf } from './change-log.ts';

/** A resource after a change (or after nothing had to change). */
export interface Changed<T> {
  value: T;
  streamVersion: number;
  /** Not every live replica had it when the wait was over. */
  propagating: boolean;
}

/** The body of an answer to a change, with its entity tag; `propagating` only when it is so. */
export function answerWith<T extends object>(
  reply: Reply,
  changed: Changed<unknown>,
  body: T,
): T & { propagating?: true } {
  reply.header('etag', etagOf(changed.streamVersion));
  return changed.propagating ? { ...body, propagating: true } : body;
}

/** The body of such an answer, for the document. */
export const PROPAGATING = {
  type: 'object',
  required: ['propagating'],
  properties: { propagating: { type: 'boolean', enum: [true] } },
};

/** 204, or 200 with `{"propagating": true}` while a replica may still act on what was deleted. */
export function answerDeleted(reply: Reply, changed: { propagating: boolean }): { propagating: true } | undefined {
  reply.code(changed.propagating ? 200 : 204);
  return changed.propagating ? { propagating: true } : undefined;
}
