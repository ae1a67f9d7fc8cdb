import { hash, timingSafeEqual } from 'node:crypto';
import { type TriggerHandshake, usesToken } from '@sluice/contracts';
import type { FormFields } from '@sluice/request-body';
import type { RequestHeaders } from '@sluice/trigger-credentials';
import type { TriggerRoute } from '../routing/route.ts';

export type HandshakeKind = Exclude<TriggerHandshake['type'], 'none'>;

/** Texts that a provider wants back are short; what is longer is not from one. */
const MAX_ECHO = 4_096;
/** Slack's question has three short fields; a bigger body is not looked into. */
const MAX_QUESTION_BYTES = 8_192;
const MAX_ORIGIN = 255;
const ORIGIN = /^[\w.*:[\]-]+$/;
const RATE = /^[1-9]\d{0,8}$/;

/**
 * Whether a trigger answers this provider's question. By its setting; without one, triggers of our own profile answer
 * CloudEvents senders, Slack and Meta where they sign, Meta where it names one of the trigger's tokens, and those without
 * authentication whoever asks in a provider's exact form: such a question cannot be taken for a request.
 */
export function answersHandshake(
  trigger: Pick<TriggerRoute, 'handshake' | 'profile' | 'auth'>,
  kind: HandshakeKind,
): boolean {
  if (trigger.handshake !== null) return trigger.handshake.type === kind;
  if (trigger.profile !== 'native') return false;
  const { auth } = trigger;
  if (kind === 'cloudevents') return true;
  if ((kind === 'slack' || kind === 'meta') && auth.type === 'hmac' && 'preset' in auth && auth.preset === kind)
    return true;
  return auth.type === 'none' || (kind === 'meta' && usesToken(auth));
}

/**
 * Whether Meta names the verify token of a trigger: the one of its setting, otherwise one of its tokens. Where deliveries
 * are signed or nothing is asked for, any will do: the answer opens nothing.
 */
export function isVerifyToken(
  { handshake, auth, triggerId, tokenHashes }: Pick<TriggerRoute, 'handshake' | 'auth' | 'triggerId' | 'tokenHashes'>,
  token: string,
): boolean {
  if (handshake !== null) {
    const known = Buffer.from(handshake.verifyTokenSha256 ?? '', 'hex');
    return isEqual(known, hash('sha256', `${triggerId}:${token}`, 'buffer'));
  }
  if (!usesToken(auth)) return true;
  const presented = hash('sha256', token, 'buffer');
  return tokenHashes.filter((known) => isEqual(known, presented)).length > 0;
}

function isEqual(known: Buffer, presented: Buffer): boolean {
  return known.length === presented.length && timingSafeEqual(known, presented);
}

/** The challenge of Slack's `url_verification`, or null when the body asks nothing. */
export function slackChallenge(contentType: string | undefined, body: Buffer): string | null {
  if (body.length > MAX_QUESTION_BYTES || !contentType?.includes('json') || !body.includes('"url_verification"'))
    return null;
  const question = parsed(body);
  if (question?.type !== 'url_verification' || typeof question.token !== 'string') return null;
  return echoOf(question.challenge);
}

function parsed(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString());
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : null;
  } catch {
    // Not a question; whatever it is, the checks of bodies will say so.
    return null;
  }
}

/**
 * Meta's `hub.challenge`: the text to send back, `wrong` when the verify token is, null when nothing is asked.
 * @param isKnown whether the trigger has this verify token.
 */
export function metaChallenge(
  query: FormFields,
  isKnown: (verifyToken: string) => boolean,
): { echo: string } | 'wrong' | null {
  const echo = echoOf(query['hub.challenge']);
  if (query['hub.mode'] !== 'subscribe' || echo === null) return null;
  const token = query['hub.verify_token'];
  return typeof token === 'string' && isKnown(token) ? { echo } : 'wrong';
}

/** Microsoft's `validationToken`, which comes alone, or null when nothing is asked. */
export function microsoftToken(method: string, query: FormFields, body: Buffer): string | null {
  return method === 'POST' && body.length === 0 ? echoOf(query.validationToken) : null;
}

function echoOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ECHO ? value : null;
}

/**
 * CloudEvents HTTP webhooks 1.0 §4: the fields that let a sender deliver here, null when it does not ask in the form
 * of the specification. Proof of who it is comes with each delivery, so the permission itself needs none.
 * @param perMinute most deliveries a minute, null for no limit of ours.
 */
export function webhookPermission(headers: RequestHeaders, perMinute: number | null): Record<string, string> | null {
  const origin = headers['webhook-request-origin'];
  if (typeof origin !== 'string' || origin.length > MAX_ORIGIN || !ORIGIN.test(origin)) return null;
  const asked = headers['webhook-request-rate'];
  const wanted = typeof asked === 'string' && RATE.test(asked) ? Number(asked) : null;
  const allowed = perMinute === null ? wanted : Math.min(wanted ?? perMinute, perMinute);
  return {
    'webhook-allowed-origin': origin,
    'webhook-allowed-rate': allowed === null ? '*' : String(allowed),
  };
}
