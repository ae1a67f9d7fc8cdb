import {
  type FieldProblem,
  type HmacPreset,
  type SecretEncoding,
  type TriggerAuth,
  type TriggerState,
  usesSecret,
} from '@sluice/contracts';
import { MASK } from '../sealing/sealing.decider.ts';
import { textProblems } from './sent-fields.rules.ts';

export type LiveSecret = NonNullable<TriggerState['secrets']>[number];

const MAX_CHARACTERS = 1_000;
/** RFC 7518 §3.2: a key of an HS algorithm is at least as long as its hash. */
const MIN_BYTES_OF_HS: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };
/** Presets whose secret the vendor makes; the others take one of ours. */
const MADE_BY_VENDOR: readonly HmacPreset[] = ['stripe', 'shopify', 'slack', 'meta'];
const WHSEC = 'whsec_';

/** The field of `auth` that carries the secret. */
export function secretFieldOf(auth: TriggerAuth): 'secret' | 'password' | null {
  if (!usesSecret(auth)) return null;
  return auth.type === 'basic' ? 'password' : 'secret';
}

/** How the secret is written; `whsec`: base64, with or without `whsec_` before it. */
export function secretEncodingOf(auth: TriggerAuth): SecretEncoding | 'whsec' {
  if (auth.type === 'jwt') return auth.secretEncoding ?? 'text';
  if (auth.type !== 'hmac') return 'text';
  if ('preset' in auth) return auth.preset === 'standard' ? 'whsec' : 'text';
  return auth.secretEncoding;
}

/** Whether a secret may be left out when the trigger is made, so that we make one and show it once. */
export function canMakeSecret(auth: TriggerAuth): boolean {
  if (auth.type === 'basic') return true;
  return auth.type === 'hmac' && !('preset' in auth && MADE_BY_VENDOR.includes(auth.preset));
}

/** Random bytes as a secret of this trigger is written. */
export function writtenSecret(auth: TriggerAuth, bytes: Buffer): string {
  const encoding = secretEncodingOf(auth);
  if (encoding === 'whsec') return WHSEC + bytes.toString('base64');
  return bytes.toString(encoding === 'text' ? 'base64url' : encoding);
}

/** Whether the stored secrets go on proving requests after `auth` has changed. */
export function keepsSecrets(before: TriggerAuth, after: TriggerAuth): boolean {
  return usesSecret(after) && before.type === after.type && secretEncodingOf(before) === secretEncodingOf(after);
}

/** What is wrong with a secret that was sent for `auth`. */
export function secretProblems(auth: TriggerAuth, secret: unknown, pointer: string): FieldProblem[] {
  const problems = textProblems(secret, 1, MAX_CHARACTERS, pointer);
  if (problems.length > 0 || typeof secret !== 'string') return problems;
  if (secret === MASK) return [{ pointer, message: 'is the mask of a secret, not the secret' }];
  const encoding = secretEncodingOf(auth);
  const bytes = bytesOf(secret, encoding);
  if (bytes === null) {
    const wanted = encoding === 'hex' ? 'hexadecimal' : 'base64';
    return [{ pointer, message: `must be ${wanted}${encoding === 'whsec' ? ' after "whsec_"' : ''}` }];
  }
  const least = auth.type === 'jwt' ? Math.max(...auth.algorithms.map((name) => MIN_BYTES_OF_HS[name] ?? 0)) : 1;
  return bytes >= least ? [] : [{ pointer, message: `must have at least ${least} bytes (RFC 7518 §3.2)` }];
}

/** How many bytes of key the text says, null when it is not in its encoding. */
function bytesOf(secret: string, encoding: SecretEncoding | 'whsec'): number | null {
  if (encoding === 'text') return Buffer.byteLength(secret);
  const text = encoding === 'whsec' && secret.startsWith(WHSEC) ? secret.slice(WHSEC.length) : secret;
  const isWritten =
    encoding === 'hex'
      ? /^(?:[0-9a-fA-F]{2})+$/.test(text)
      : /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?$/.test(text);
  return isWritten && text !== '' ? Buffer.from(text, encoding === 'hex' ? 'hex' : 'base64').length : null;
}
