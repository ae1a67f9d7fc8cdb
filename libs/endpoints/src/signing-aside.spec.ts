import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { ed25519Key, ed25519Sign } from './ed25519.ts';
import { newSecret, standardSignatures, standardSignaturesAside } from './signatures.ts';
import { SigningAside } from './signing-aside.ts';
import { packed, unpacked } from './signing-batch.ts';

const broken: Error[] = [];
const open: SigningAside[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  broken.length = 0;
});
function signing(thread?: URL): SigningAside {
  const made = new SigningAside((error) => broken.push(error), thread);
  open.push(made);
  return made;
}

describe('signing on a thread beside', () => {
  it('DL-01: makes the same signatures, in the order of the secrets', async () => {
    const secrets = [newSecret(randomBytes(32)), 'plain'];
    const aside = signing();
    for (const body of ['{"a":1}', 'zażółć 🚀', Uint8Array.from([0xff, 0x00]), '']) {
      const message = { id: 'd-1', timestamp: 1_700_000_000, body };
      expect(await standardSignaturesAside(secrets, message, aside)).toBe(standardSignatures(secrets, message));
    }
  });

  it('gives each of many callers its own, also when they come while others are signed', async () => {
    const aside = signing();
    const seeds = Array.from({ length: 7 }, () => randomBytes(32));
    const one = async (index: number): Promise<boolean> => {
      const seed = seeds[index % seeds.length] as Buffer;
      const message = Buffer.from(`message ${index} ${'x'.repeat(index)}`);
      const signature = await aside.sign(seed, message);
      if (index < 400) await one(index + 400);
      return verify(null, message, createPublicKey(ed25519Key(seed)), signature);
    };
    const right = await Promise.all(Array.from({ length: 400 }, (_, index) => one(index)));
    expect(right.filter((each) => !each)).toEqual([]);
    expect(broken).toEqual([]);
  });

  it('signs here when the thread breaks, tells it, and starts no other after the third', async () => {
    const aside = signing(new URL('./breaking-thread.fixture.ts', import.meta.url));
    const seed = randomBytes(32);
    const expected = ed25519Sign(Buffer.from('m'), ed25519Key(seed));
    for (let index = 0; index < 5; index++) {
      const signatures = await Promise.all([aside.sign(seed, Buffer.from('m')), aside.sign(seed, Buffer.from('m'))]);
      expect(signatures).toEqual([expected, expected]);
    }
    expect(broken.map((error) => error.message)).toEqual(Array.from({ length: 3 }, () => 'broken on purpose'));
  });

  it('signs what is left when it is closed, and goes on here', async () => {
    const aside = signing();
    const seed = randomBytes(32);
    const expected = ed25519Sign(Buffer.from('m'), ed25519Key(seed));
    const pending = aside.sign(seed, Buffer.from('m'));
    await aside.close();
    expect(await pending).toEqual(expected);
    expect(await aside.sign(seed, Buffer.from('m'))).toEqual(expected);
    expect(broken).toEqual([]);
  });

  it('packs any messages and unpacks the same', () => {
    const items = [0, 1, 5000].map((length) => ({ seed: randomBytes(32), message: randomBytes(length) }));
    expect(unpacked(packed(items))).toEqual(items);
    expect(unpacked(packed([]))).toEqual([]);
  });
});
