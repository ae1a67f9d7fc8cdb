import { createHash } from 'node:crypto';
import { type FieldProblem, HANDSHAKE_TYPES, type TriggerHandshake } from '@sluice/contracts';
import { MASK } from '../sealing/sealing.decider.ts';
import { choiceProblems, isSent, type Sent, textProblems, unknownFields } from './sent-fields.rules.ts';

/** What is wrong with `handshake` as it was sent; nothing when it is absent or null, which leaves it to `auth`. */
export function handshakeProblems(value: unknown, stored: TriggerHandshake | null): FieldProblem[] {
  if (value === undefined || value === null) return [];
  if (!isSent(value)) return [{ pointer: '/handshake', message: 'must be an object such as {"type": "slack"}' }];
  const problems = unknownFields(value, value.type === 'meta' ? ['type', 'verifyToken'] : ['type'], '/handshake');
  problems.push(...choiceProblems(value.type, HANDSHAKE_TYPES, '/handshake/type'));
  const isKept = value.verifyToken === MASK && stored?.type === 'meta';
  if (value.type === 'meta' && !isKept) {
    problems.push(...textProblems(value.verifyToken, 1, 200, '/handshake/verifyToken'));
  }
  return problems;
}

/**
 * `handshake` as it is stored; undefined leaves it as it is. The verify token only answers a question, it opens nothing,
 * so its hash is enough; it is hashed with the trigger's id so that equal ones do not show.
 */
export function handshakeOf(
  value: unknown,
  triggerId: string,
  stored: TriggerHandshake | null,
): TriggerHandshake | null | undefined {
  if (value === undefined || value === null) return value;
  const { type, verifyToken } = value as Sent & TriggerHandshake;
  if (type !== 'meta') return { type };
  if (verifyToken === MASK && stored?.type === 'meta') return stored;
  const verifyTokenSha256 = createHash('sha256')
    .update(`${triggerId}:${String(verifyToken)}`)
    .digest('hex');
  return { type, verifyTokenSha256 };
}

/** `handshake` as it is read: its verify token masked. */
export function handshakeViewOf(handshake: TriggerHandshake): Record<string, unknown> {
  return handshake.type === 'meta' ? { type: 'meta', verifyToken: MASK } : { type: handshake.type };
}
