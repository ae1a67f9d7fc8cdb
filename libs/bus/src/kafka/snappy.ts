import { PackedBytes, UnpackedBytes, UnreadableBytesError } from './unpacked-bytes.ts';

/** Kafka's Java client writes chunks behind this head (snappy-java's stream), others the bare format. */
const CHUNKED = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const CHUNKED_HEAD_BYTES = 16;

/**
 * Unpacks snappy, as producers of any language write it into Kafka (https://github.com/google/snappy, format description).
 * @throws UnreadableBytesError when it is not that, or longer than `maxBytes`.
 */
export function unpackSnappy(bytes: Buffer, maxBytes: number): Buffer {
  if (!bytes.subarray(0, CHUNKED.length).equals(CHUNKED)) {
    const unpacked = new UnpackedBytes(bytes.length * 2, maxBytes);
    unpackBlock(bytes, unpacked);
    return unpacked.bytes;
  }
  const unpacked = new UnpackedBytes(bytes.length * 4, maxBytes);
  const packed = new PackedBytes(bytes);
  packed.take(CHUNKED_HEAD_BYTES);
  while (!packed.isAtEnd) unpackBlock(packed.take(packed.take(4).readUInt32BE()), unpacked);
  return unpacked.bytes;
}

/** One block; its copies never reach behind its beginning. */
function unpackBlock(bytes: Buffer, unpacked: UnpackedBytes): void {
  const packed = new PackedBytes(bytes);
  const before = unpacked.bytes.length;
  const length = varint(packed);
  while (!packed.isAtEnd) {
    const tag = packed.byte();
    const kind = tag & 3;
    const upper = tag >> 2;
    if (kind === 0) {
      unpacked.append(packed.take((upper < 60 ? upper : packed.number(upper - 59)) + 1));
    } else if (kind === 1) {
      unpacked.repeat(((tag >> 5) << 8) | packed.byte(), (upper & 7) + 4);
    } else {
      unpacked.repeat(packed.number(kind === 2 ? 2 : 4), upper + 1);
    }
  }
  if (unpacked.bytes.length - before !== length) throw new UnreadableBytesError('it has another length than it says');
}

/** Seven bits a byte, the lowest first. */
function varint(packed: PackedBytes): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = packed.byte();
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
  throw new UnreadableBytesError('its length has too many digits');
}
