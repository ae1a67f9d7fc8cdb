export const HMAC_PRESETS = ['github', 'stripe', 'shopify', 'slack', 'meta', 'standard'] as const;
/** A vendor's way of signing; `standard` is Standard Webhooks, with the header names of Svix as well. */
export type HmacPreset = (typeof HMAC_PRESETS)[number];

export const HMAC_ALGORITHMS = ['sha1', 'sha256', 'sha512'] as const;
export type HmacAlgorithm = (typeof HMAC_ALGORITHMS)[number];

export const SECRET_ENCODINGS = ['text', 'base64', 'hex'] as const;
/** How the bytes of a key are written in its secret. */
export type SecretEncoding = (typeof SECRET_ENCODINGS)[number];

/** JWS algorithms that a trigger may allow (RFC 7518, RFC 8037); `none` is not among them. */
export const JWT_SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;
export const JWT_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type JwtAlgorithm = (typeof JWT_SECRET_ALGORITHMS)[number] | (typeof JWT_KEY_ALGORITHMS)[number];

/** A signature over the raw body as a vendor makes it. */
export interface PresetHmacAuth {
  type: 'hmac';
  preset: HmacPreset;
  /** Only where the preset signs a timestamp; 300 unless given. */
  toleranceSeconds?: number;
}

/** A signature over the raw body as the trigger describes it. */
export interface CustomHmacAuth {
  type: 'hmac';
  header: string;
  algorithm: HmacAlgorithm;
  encoding: 'hex' | 'base64';
  /** What stands before the signature in its header. */
  prefix: string;
  /** What is signed: `{body}`, with `{timestamp}` and `{id}` as their headers carry them. */
  signedContent: string;
  secretEncoding: SecretEncoding;
  /** Carries Unix seconds or milliseconds. */
  timestampHeader?: string;
  toleranceSeconds?: number;
  idHeader?: string;
}
export type HmacAuth = PresetHmacAuth | CustomHmacAuth;

export interface JwtAuth {
  type: 'jwt';
  algorithms: JwtAlgorithm[];
  /** One of `jwksUrl` and `key`, or neither when the trigger's secret is the key (HS algorithms). */
  jwksUrl?: string;
  /** A public key: PEM (SPKI or a certificate), a JWK or a JWK Set. */
  key?: string | Record<string, unknown>;
  secretEncoding?: SecretEncoding;
  issuer?: string[];
  audience?: string[];
  /** The header that carries the token; `Authorization: Bearer` unless given. */
  header?: string;
  leewaySeconds: number;
}

/**
 * How a trigger knows its callers. Secrets are not in it: tokens are hashes in `TriggerState.tokens`; passwords, keys of
 * signatures and of JWTs are sealed values named in `TriggerState.secrets`.
 */
export type TriggerAuth =
  | { type: 'none' }
  | { type: 'bearer' }
  | { type: 'header'; name: string }
  | { type: 'basic'; user: string }
  | HmacAuth
  | JwtAuth;

/** Whether requests are proved by a secret of the trigger, at most two of which are live. */
export function usesSecret(auth: TriggerAuth): boolean {
  if (auth.type === 'jwt') return auth.jwksUrl === undefined && auth.key === undefined;
  return auth.type === 'hmac' || auth.type === 'basic';
}

/** Whether requests carry a token of the trigger. */
export function usesToken(auth: TriggerAuth): boolean {
  return auth.type === 'bearer' || auth.type === 'header';
}

export const HANDSHAKE_TYPES = ['none', 'slack', 'meta', 'microsoft-graph', 'cloudevents'] as const;

/** A provider's question that is answered without a run (GW-12). Absent or null: what the preset of `auth` suggests. */
export interface TriggerHandshake {
  type: (typeof HANDSHAKE_TYPES)[number];
  /** `meta`: SHA-256 in hex of `<trigger id>:<verify token>`. */
  verifyTokenSha256?: string;
}
