import { SEED_BYTES } from './ed25519.ts';

// Run by the signing thread as well: no import of anything but Node and files of the same kind.

export interface SigningItem {
  /** 32 bytes. */
  seed: Uint8Array;
  message: Uint8Array;
}

/** Many items as one piece of memory, which is handed to the other thread rather than copied. */
export function packed(items: readonly SigningItem[]): ArrayBuffer {
  const bytes = items.reduce((sum, { message }) => sum + SEED_BYTES + 4 + message.length, 0);
  const memory = new ArrayBuffer(bytes);
  const buffer = Buffer.from(memory);
  let at = 0;
  for (const { seed, message } of items) {
    buffer.set(seed, at);
    buffer.writeUInt32LE(message.length, at + SEED_BYTES);
    buffer.set(message, at + SEED_BYTES + 4);
    at += SEED_BYTES + 4 + message.length;
  }
  return memory;
}

export function unpacked(memory: ArrayBuffer): { seed: Buffer; message: Buffer }[] {
  const buffer = Buffer.from(memory);
  const items: { seed: Buffer; message: Buffer }[] = [];
  for (let at = 0; at < buffer.length; ) {
    const start = at + SEED_BYTES + 4;
    const end = start + buffer.readUInt32LE(at + SEED_BYTES);
    items.push({ seed: buffer.subarray(at, at + SEED_BYTES), message: buffer.subarray(start, end) });
    at = end;
  }
  return items;
}
