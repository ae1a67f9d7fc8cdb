import { randomBytes } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../requests/validated.ts';
import { MASK } from '../sealing/sealing.decider.ts';

/**
 * A new resource whose signing secret is masked, with a secret made here: of a trigger by the door that creates it, so
 * that it is written as its kind of signature wants it; of an endpoint here.
 */
export function withMadeSecret(
  kind: 'triggers' | 'endpoints',
  body: JsonObject,
): { body: JsonObject; secret: string | null } {
  if (kind === 'endpoints') {
    if (body.secret !== MASK) return { body, secret: null };
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    return { body: { ...body, secret }, secret };
  }
  if (!isJsonObject(body.auth)) return { body, secret: null };
  const auth = Object.fromEntries(Object.entries(body.auth).filter(([, value]) => value !== MASK));
  return { body: { ...body, auth }, secret: null };
}
