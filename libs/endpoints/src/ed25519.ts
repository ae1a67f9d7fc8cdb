import { createPrivateKey, type KeyObject, sign } from 'node:crypto';

// Run by the signing thread as well, also as it is under test: no import of anything but Node.

/** RFC 8410 §7: what stands before the 32 bytes of an ed25519 seed in PKCS #8. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;

export function ed25519Key(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

/** The signature of RFC 8032, 64 bytes; 31 µs. */
export function ed25519Sign(message: Uint8Array, key: KeyObject): Buffer {
  return sign(null, message, key);
}
