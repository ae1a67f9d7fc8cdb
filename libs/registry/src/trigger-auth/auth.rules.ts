import { type FieldProblem, type TriggerAuth, type TriggerState, usesSecret } from '@sluice/contracts';
import { MASK } from '../sealing/sealing.decider.ts';
import { DEFAULT_TOKEN_HEADER } from '../triggers/trigger-profile.rules.ts';
import { canMakeSecret, keepsSecrets, secretFieldOf, secretProblems } from './auth-secret.rules.ts';
import { hmacAuthOf, hmacProblems } from './hmac-auth.rules.ts';
import { jwtAuthOf, jwtProblems } from './jwt-auth.rules.ts';
import { headerNameProblems, isSent, type Sent, textProblems, unknownFields } from './sent-fields.rules.ts';

/** What `auth` is judged by besides itself. */
export interface AuthContext {
  /** The trigger before the change, null when it is being made. */
  stored: Pick<TriggerState, 'auth' | 'secrets'> | null;
  /** Why a URL can never be called, or null. */
  urlProblem: (url: string) => string | null;
}

/** What is wrong with `auth` as it was sent; nothing when it is absent. */
export function authProblems(auth: unknown, context: AuthContext): FieldProblem[] {
  if (auth === undefined) return [];
  if (!isSent(auth)) return [{ pointer: '/auth', message: 'must be an object such as {"type": "bearer"}' }];
  const problems = shapeProblems(auth, context);
  return problems.length > 0 ? problems : ownSecretProblems(auth, context);
}

function shapeProblems(auth: Sent, { urlProblem }: AuthContext): FieldProblem[] {
  switch (auth.type) {
    case 'none':
    case 'bearer':
      return unknownFields(auth, ['type'], '/auth');
    case 'header': {
      const problems = unknownFields(auth, ['type', 'name'], '/auth');
      if (auth.name === undefined) return problems;
      return [...problems, ...headerNameProblems(auth.name, '/auth/name', ['authorization'])];
    }
    case 'basic':
      return [...unknownFields(auth, ['type', 'user', 'password'], '/auth'), ...userProblems(auth.user)];
    case 'hmac':
      return hmacProblems(auth);
    case 'jwt':
      return jwtProblems(auth, urlProblem);
    default:
      return [
        ...unknownFields(auth, ['type'], '/auth'),
        { pointer: '/auth/type', message: 'must be "none", "bearer", "header", "basic", "hmac" or "jwt"' },
      ];
  }
}

/** RFC 7617 §2: the colon ends the user. */
function userProblems(user: unknown): FieldProblem[] {
  const pointer = '/auth/user';
  const problems = textProblems(user, 1, 200, pointer);
  if (problems.length > 0 || !(user as string).includes(':')) return problems;
  return [{ pointer, message: 'must not contain a colon' }];
}

/** A secret may be left out, or sent as its mask, where one is kept, and where we can make one. */
function ownSecretProblems(sent: Sent, { stored }: AuthContext): FieldProblem[] {
  const auth = authOf(sent);
  const field = secretFieldOf(auth);
  if (field === null) return [];
  const pointer = `/auth/${field}`;
  const secret = sent[field];
  if (secret !== undefined && secret !== MASK) return secretProblems(auth, secret, pointer);
  const isKept = stored !== null && keepsSecrets(stored.auth, auth) && (stored.secrets?.length ?? 0) > 0;
  if (isKept || (secret === undefined && stored === null && canMakeSecret(auth))) return [];
  return [{ pointer, message: `is required: the ${field} that requests are proved by` }];
}

/** `auth` as it is stored: without its secret. */
export function authOf(auth: unknown): TriggerAuth {
  const sent = auth as Sent & { type: TriggerAuth['type'] };
  switch (sent.type) {
    case 'header':
      return { type: 'header', name: (sent.name as string | undefined) ?? DEFAULT_TOKEN_HEADER };
    case 'basic':
      return { type: 'basic', user: sent.user as string };
    case 'hmac':
      return hmacAuthOf(sent);
    case 'jwt':
      return jwtAuthOf(sent);
    default:
      return { type: sent.type };
  }
}

/** The secret that was sent with `auth`; undefined keeps what is there. */
export function sentSecretOf(auth: unknown): string | undefined {
  const field = auth === undefined ? null : secretFieldOf(authOf(auth));
  const secret = field === null ? undefined : ((auth as Sent)[field] as string | undefined);
  return secret === MASK ? undefined : secret;
}

/** `auth` as it is read: its secret masked. */
export function authViewOf({ auth, secrets }: Pick<TriggerState, 'auth' | 'secrets'>): Record<string, unknown> {
  const field = usesSecret(auth) && (secrets?.length ?? 0) > 0 ? secretFieldOf(auth) : null;
  return field === null ? { ...auth } : { ...auth, [field]: MASK };
}
