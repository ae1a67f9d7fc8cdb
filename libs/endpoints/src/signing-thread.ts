import type { KeyObject } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { ed25519Key, ed25519Sign, SIGNATURE_BYTES } from './ed25519.ts';
import { unpacked } from './signing-batch.ts';

const port = parentPort;
if (!port) throw new Error('signing-thread runs in a thread');

/** Making a key takes as long as two signatures. */
const KEPT_KEYS = 2_000;
const keys = new Map<string, KeyObject>();

function keyOf(seed: Buffer): KeyObject {
  const name = seed.toString('latin1');
  const known = keys.get(name);
  if (known) return known;
  if (keys.size >= KEPT_KEYS) keys.delete(keys.keys().next().value as string);
  const key = ed25519Key(seed);
  keys.set(name, key);
  return key;
}

port.on('message', (memory: ArrayBuffer) => {
  const items = unpacked(memory);
  const signatures = Buffer.from(new ArrayBuffer(items.length * SIGNATURE_BYTES));
  for (const [index, { seed, message }] of items.entries())
    signatures.set(ed25519Sign(message, keyOf(seed)), index * SIGNATURE_BYTES);
  port.postMessage(signatures.buffer, [signatures.buffer]);
});
