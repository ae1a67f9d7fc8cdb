const FIRST_BYTES = 65_536;
/** A buffer that had to grow past this is not kept: such batches are rare. */
const KEPT_BYTES = 8 * 1024 * 1024;

/**
 * Bytes on their way to PostgreSQL, integers in network order. It is used again and again: a message that is put together
 * from pieces, each a Buffer of its own, is memory outside of V8's heap, and much of that starts a collection of all.
 */
export class WireBuffer {
  bytes = Buffer.allocUnsafe(FIRST_BYTES);
  /** Where the next byte goes. */
  end = 0;

  /** Begins anew; what `view` gave before is overwritten from now on. */
  reset(): void {
    this.end = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafe(FIRST_BYTES);
  }

  /** What was written, without a copy. */
  view(): Buffer {
    return this.bytes.subarray(0, this.end);
  }

  /** Makes room without taking it. @returns where it begins. */
  reserve(size: number): number {
    if (this.end + size > this.bytes.length) {
      const grown = Buffer.allocUnsafe(2 * (this.end + size));
      this.bytes.copy(grown, 0, 0, this.end);
      this.bytes = grown;
    }
    return this.end;
  }

  /** Takes so many bytes, which are written later. @returns where they begin. */
  take(size: number): number {
    const start = this.reserve(size);
    this.end += size;
    return start;
  }

  int16(value: number): void {
    const start = this.take(2);
    this.bytes.writeInt16BE(value, start);
  }

  int32(value: number): void {
    const start = this.take(4);
    this.bytes.writeInt32BE(value, start);
  }

  text(value: string): void {
    const start = this.reserve(3 * value.length);
    this.end = start + this.bytes.write(value, start);
  }

  /** A string with the zero that ends it. */
  cString(value: string): void {
    this.text(value);
    const start = this.take(1);
    this.bytes[start] = 0;
  }

  /** One byte of a character, such as the type of a message. */
  letter(value: string): void {
    const start = this.take(1);
    this.bytes[start] = value.charCodeAt(0);
  }
}
