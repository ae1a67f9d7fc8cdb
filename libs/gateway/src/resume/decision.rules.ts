import type { FieldProblem } from '@sluice/contracts';
import { type BodyLimits, isJsonType, mediaTypeOf, parseFormBody, parseJson } from '@sluice/request-body';
import { gatewayError } from '../gateway.errors.ts';

export const MAX_COMMENT = 4_000;

export interface Decision {
  approved: boolean;
  comment: string | null;
}

/** Text that cannot be stored: NUL, and halves of surrogate pairs. */
const UNSTORABLE = /\0|\p{Cs}/u;

/**
 * What a person decided, from the form of the page or from JSON: `decision` is `approve` or `reject`, with a comment or none.
 * @throws BodyProblem; AppError `invalid_decision` with all problems.
 */
export function decisionOf(body: Buffer, contentType: string | undefined, limits: BodyLimits): Decision {
  const isJson = isJsonType(mediaTypeOf(contentType));
  const fields = body.length === 0 ? {} : isJson ? parseJson(body, limits) : parseFormBody(body, limits);
  const { decision, comment = null } = Object(fields) as { decision?: unknown; comment?: unknown };
  const problems: FieldProblem[] = [];
  if (decision !== 'approve' && decision !== 'reject') {
    problems.push({ pointer: '/decision', message: 'must be "approve" or "reject"' });
  }
  const isText = comment === null || (typeof comment === 'string' && !UNSTORABLE.test(comment));
  if (!isText) problems.push({ pointer: '/comment', message: 'must be text' });
  else if (comment !== null && comment.length > MAX_COMMENT) {
    problems.push({ pointer: '/comment', message: `must have at most ${MAX_COMMENT} characters` });
  }
  if (problems.length > 0) throw gatewayError('invalid_decision', 'Say what you decide.', { errors: problems });
  const text = typeof comment === 'string' ? comment.trim() : '';
  return { approved: decision === 'approve', comment: text === '' ? null : text };
}
