import { PackedBytes, UnpackedBytes, UnreadableBytesError } from './unpacked-bytes.ts';

const MAGIC = 0x184d2204;
/** A block whose size has this bit is stored as it is. */
const AS_IT_IS = 0x80000000;
const LEAST_MATCH = 4;

/**
 * Unpacks an LZ4 frame (frame format 1.6, block format 1.5). Checksums are not compared: the record batch around it
 * has one of its own, which the broker checks.
 * @throws UnreadableBytesError when it is not that, or longer than `maxBytes`.
 */
export function unpackLz4(bytes: Buffer, maxBytes: number): Buffer {
  const packed = new PackedBytes(bytes);
  if (packed.number(4) !== MAGIC) throw new UnreadableBytesError('no LZ4 frame');
  const flags = packed.byte();
  const hasBlockChecksums = (flags & 0x10) !== 0;
  const hasSize = (flags & 0x08) !== 0;
  const hasDictionary = (flags & 0x01) !== 0;
  packed.byte();
  if (hasSize) packed.take(8);
  if (hasDictionary) throw new UnreadableBytesError('it wants a dictionary');
  packed.byte();
  const unpacked = new UnpackedBytes(bytes.length * 4, maxBytes);
  for (let size = packed.number(4); size !== 0; size = packed.number(4)) {
    if (size >= AS_IT_IS) unpacked.append(packed.take(size - AS_IT_IS));
    else unpackBlock(packed.take(size), unpacked);
    if (hasBlockChecksums) packed.take(4);
  }
  return unpacked.bytes;
}

/** Copies may reach into the blocks before it. */
function unpackBlock(bytes: Buffer, unpacked: UnpackedBytes): void {
  const packed = new PackedBytes(bytes);
  while (!packed.isAtEnd) {
    const token = packed.byte();
    unpacked.append(packed.take(longer(token >> 4, packed)));
    if (packed.isAtEnd) return;
    const distance = packed.number(2);
    unpacked.repeat(distance, longer(token & 15, packed) + LEAST_MATCH);
  }
}

/** Fifteen says that more follows, and so does each byte of 255. */
function longer(length: number, packed: PackedBytes): number {
  if (length < 15) return length;
  let whole = length;
  for (;;) {
    const byte = packed.byte();
    whole += byte;
    if (byte < 255) return whole;
  }
}
