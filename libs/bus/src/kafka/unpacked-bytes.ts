/** What was compressed cannot be read. */
export class UnreadableBytesError extends Error {}

/** Bytes that grow as they are unpacked, with copies of what came before: what snappy and LZ4 are made of. */
export class UnpackedBytes {
  #bytes: Buffer;
  #length = 0;
  readonly #maxBytes: number;

  constructor(expectedBytes: number, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#bytes = Buffer.allocUnsafe(Math.min(expectedBytes, maxBytes));
  }

  append(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Repeats what stands `distance` bytes before the end; where it reaches past the end, what it wrote itself. */
  repeat(distance: number, count: number): void {
    if (distance === 0 || distance > this.#length) throw new UnreadableBytesError('a copy from before the beginning');
    this.#grow(count);
    // Each round doubles what there is to copy from.
    for (let left = count; left > 0; ) {
      const from = this.#length - distance;
      const part = Math.min(left, distance);
      this.#bytes.copyWithin(this.#length, from, from + part);
      this.#length += part;
      left -= part;
    }
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(by: number): void {
    const wanted = this.#length + by;
    if (wanted > this.#maxBytes) throw new UnreadableBytesError(`it unpacks to more than ${this.#maxBytes} bytes`);
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(wanted, this.#bytes.length * 2)));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Reads bytes from their start; past the end is an error. */
export class PackedBytes {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    return this.take(1)[0] as number;
  }

  /** Little-endian, of 1 to 4 bytes. */
  number(size: number): number {
    return this.take(size).readUIntLE(0, size);
  }

  take(count: number): Buffer {
    const end = this.at + count;
    if (end > this.#bytes.length) throw new UnreadableBytesError('it ends too early');
    const part = this.#bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }
}
