import { createHmac, createPublicKey, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { ed25519Key, ed25519Sign } from './ed25519.ts';
import type { SigningAside } from './signing-aside.ts';

const SECRET_PREFIX = 'whsec_';
const PUBLIC_PREFIX = 'whpk_';
/** Before the 32 bytes of a public key in SubjectPublicKeyInfo (RFC 8410 §4). */
const SPKI_HEAD_BYTES = 12;
const KEPT_KEYS = 2_000;

/** ET-07: HMAC-SHA1 of the exact body bytes, lower-case hex; the key is the secret's UTF-8 bytes as given. */
export function etlSignature(secret: string, body: string | Uint8Array): string {
  return createHmac('sha1', etlKeys.of(secret)).update(body).digest('hex');
}

/** What a signature of Standard Webhooks 1.0 is made over. */
export interface SignedMessage {
  id: string;
  /** Unix seconds, as in `webhook-timestamp`. */
  timestamp: number;
  body: string | Uint8Array;
}

/**
 * `webhook-signature` of Standard Webhooks 1.0 for every live secret: `v1` (HMAC-SHA256) and `v1a` (ed25519), base64,
 * separated by spaces; receivers take the one that they can verify.
 */
export function standardSignatures(secrets: readonly string[], message: SignedMessage): string {
  const signed = signedBytes(message);
  const asymmetric = secrets.map((secret) => v1a(ed25519Sign(signed, privateKeys.of(secret))));
  return [...symmetric(secrets, signed), ...asymmetric].join(' ');
}

/** The same, with ed25519 on a thread beside: for who has many to sign; a single one is done sooner here. */
export async function standardSignaturesAside(
  secrets: readonly string[],
  message: SignedMessage,
  aside: Pick<SigningAside, 'sign'>,
): Promise<string> {
  const signed = signedBytes(message);
  const asymmetric = secrets.map((secret) => aside.sign(seeds.of(secret), signed));
  return [...symmetric(secrets, signed), ...(await Promise.all(asymmetric)).map(v1a)].join(' ');
}

function v1a(signature: Buffer): string {
  return `v1a,${signature.toString('base64')}`;
}

function signedBytes({ id, timestamp, body }: SignedMessage): Buffer {
  const head = `${id}.${timestamp}.`;
  return typeof body === 'string' ? Buffer.from(head + body) : Buffer.concat([Buffer.from(head), body]);
}

function symmetric(secrets: readonly string[], signed: Buffer): string[] {
  return secrets.map((secret) => {
    const digest = createHmac('sha256', standardKeys.of(secret)).update(signed).digest('base64');
    return `v1,${digest}`;
  });
}

/** `whpk_…`: what verifies the `v1a` signatures of a secret, and may be given to anybody. */
export function publicKeyOf(secret: string): string {
  const spki = createPublicKey(privateKeys.of(secret)).export({ format: 'der', type: 'spki' });
  return PUBLIC_PREFIX + spki.subarray(SPKI_HEAD_BYTES).toString('base64');
}

/** DL-01: what `whsec_…` holds in base64, otherwise the secret's UTF-8 bytes. */
function standardKey(secret: string): Buffer {
  const encoded = secret.slice(SECRET_PREFIX.length);
  // Buffer.from passes over what is not base64, so a secret that only looks like one would lose characters.
  if (secret.startsWith(SECRET_PREFIX) && /^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return Buffer.from(encoded, 'base64');
  return Buffer.from(secret);
}

function seedOf(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', standardKey(secret), '', 'sluice webhook v1a', 32));
}

/** Keys by their secrets; the oldest goes when there are too many. */
class KeptKeys<K> {
  readonly #keys = new Map<string, K>();
  readonly #make: (secret: string) => K;

  constructor(make: (secret: string) => K) {
    this.#make = make;
  }

  of(secret: string): K {
    const known = this.#keys.get(secret);
    if (known) return known;
    const key = this.#make(secret);
    if (this.#keys.size >= KEPT_KEYS) this.#keys.delete(this.#keys.keys().next().value as string);
    this.#keys.set(secret, key);
    return key;
  }
}

/** An HMAC with a key given as text or bytes throws and catches an error inside each time: half of its cost. */
const etlKeys = new KeptKeys((secret) => createSecretKey(Buffer.from(secret)));
const standardKeys = new KeptKeys((secret) => createSecretKey(standardKey(secret)));
/**
 * The ed25519 key of a secret: derived by HKDF-SHA256 (RFC 5869), so that one secret is all there is to keep and rotate.
 * Whoever can derive it holds the secret, and can sign `v1` already. Making the key object takes as long as two
 * signatures (57 µs against 30), so it is kept.
 */
const seeds = new KeptKeys(seedOf);
const privateKeys = new KeptKeys<KeyObject>((secret) => ed25519Key(seeds.of(secret)));

/** A secret of 256 bits in the form of Standard Webhooks. @param random 32 bytes. */
export function newSecret(random: Uint8Array): string {
  return SECRET_PREFIX + Buffer.from(random).toString('base64');
}
