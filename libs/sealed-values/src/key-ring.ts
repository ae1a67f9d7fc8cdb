import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface EncryptionKey {
  /** Stored beside what it sealed; unique in the ring. */
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

export interface SealedBytes {
  keyId: string;
  nonce: Buffer;
  /** Ciphertext followed by the 16-byte tag. */
  sealed: Buffer;
}

const TAG_BYTES = 16;
/** NIST SP 800-38D §8.2.2: 96 random bits, fine for 2^32 values under one key. */
const NONCE_BYTES = 12;

/** The value cannot be opened: no such key, or it is not what was sealed for this row. */
export class UnsealError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'UnsealError';
  }
}

/** AES-256-GCM with several keys: the first seals, all open. */
export class KeyRing {
  readonly #keys: Map<string, Buffer>;
  readonly #first: EncryptionKey;

  /** @throws Error when there is no key, an id comes twice, or a key is not 32 bytes. */
  constructor(keys: readonly EncryptionKey[]) {
    const [first] = keys;
    if (!first) throw new Error('no encryption key');
    for (const { id, key } of keys) if (key.length !== 32) throw new Error(`encryption key ${id} is not 32 bytes`);
    this.#keys = new Map(keys.map(({ id, key }) => [id, key]));
    if (this.#keys.size !== keys.length) throw new Error('two encryption keys have the same id');
    this.#first = first;
  }

  get sealingKeyId(): string {
    return this.#first.id;
  }

  /** The sealing one first. */
  get keyIds(): string[] {
    return [...this.#keys.keys()];
  }

  /** @param identity what the value belongs to; it cannot be opened as anything else's. */
  seal(plaintext: Buffer, identity: string): SealedBytes {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#first.key, nonce).setAAD(Buffer.from(identity));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return { keyId: this.#first.id, nonce, sealed };
  }

  /** @throws UnsealError */
  open({ keyId, nonce, sealed }: SealedBytes, identity: string): Buffer {
    const key = this.#keys.get(keyId);
    if (!key) throw new UnsealError(`it was sealed with key ${keyId}, which is not in the ring`);
    if (sealed.length < TAG_BYTES) throw new UnsealError('it is too short');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(identity)).setAuthTag(sealed.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
    } catch (error) {
      throw new UnsealError('it is not what was sealed for this row', error);
    }
  }
}
