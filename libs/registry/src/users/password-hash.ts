import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import { platformError } from '@sluice/platform';

/** OWASP's first choice for argon2id; 30 ms and 19 MiB on the machine this was written on. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const SALT_BYTES = 16;
const TAG_BYTES = 32;

/** Two at once: each takes a thread of libuv's four, which files and DNS need too. */
const AT_ONCE = 2;
const MAX_WAITING = 100;

const derive = promisify(argon2);
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

interface Parsed {
  memory: number;
  passes: number;
  parallelism: number;
  nonce: Buffer;
  tag: Buffer;
}

/** No password has this hash: it was never made from one. */
const NOBODYS: Parsed = {
  memory: MEMORY_KIB,
  passes: PASSES,
  parallelism: LANES,
  nonce: randomBytes(SALT_BYTES),
  tag: randomBytes(TAG_BYTES),
};

/** Hashes passwords with argon2id, as PHC strings, with a bound on what that may cost. */
@Injectable()
export class PasswordHash {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @throws AppError 429 when too many are being hashed at once. */
  async of(password: string): Promise<string> {
    const nonce = randomBytes(SALT_BYTES);
    const tag = await this.tag(password, { memory: MEMORY_KIB, passes: PASSES, parallelism: LANES, nonce }, TAG_BYTES);
    return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${base64(nonce)}$${base64(tag)}`;
  }

  /**
   * Whether the password is the one of the hash. Without a hash (nobody has this address) it takes as long and is false.
   * @throws AppError 429 when too many are being checked at once.
   */
  async matches(password: string, hash: string | null): Promise<boolean> {
    const { tag, ...parameters } = hash === null ? NOBODYS : parsed(hash);
    const given = await this.tag(password, parameters, tag.length);
    return timingSafeEqual(given, tag) && hash !== null;
  }

  private async tag(password: string, parameters: Omit<Parsed, 'tag'>, tagLength: number): Promise<Buffer> {
    if (this.running >= AT_ONCE) {
      if (this.waiting.length >= MAX_WAITING) {
        throw platformError('too_many_requests', 'too many are signing in at once; try again', {
          headers: { 'retry-after': '1' },
        });
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running++;
    }
    try {
      // As every device types it: composed and decomposed letters are one password (NIST SP 800-63B §5.1.1.2).
      return await derive('argon2id', { message: password.normalize('NFKC'), ...parameters, tagLength });
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}

function parsed(hash: string): Parsed {
  const [, memory, passes, parallelism, nonce, tag] = PHC.exec(hash) ?? [];
  if (nonce === undefined || tag === undefined) throw new Error('a stored password is no argon2id hash');
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(nonce, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
