/** So many chunks are kept as they came; with the next one they are put together. */
const MOST_CHUNKS = 16;

/**
 * The body of an answer while it comes. Each chunk of a socket holds a page of memory at least, however few bytes it has:
 * a receiver that drips single bytes would hold four thousand times of what it sends.
 */
export class AnswerBody {
  #chunks: Buffer[] = [];
  /** What was put together, at the front of a buffer that doubles; null until it is needed. */
  #whole: Buffer | null = null;
  #length = 0;

  add(chunk: Buffer): void {
    if (this.#whole === null && this.#chunks.length < MOST_CHUNKS) {
      this.#chunks.push(chunk);
      return;
    }
    if (this.#whole === null) {
      this.#whole = Buffer.concat(this.#chunks);
      this.#length = this.#whole.length;
      this.#chunks = [];
    }
    this.#append(chunk);
  }

  /** Everything that came so far. */
  bytes(): Buffer {
    if (this.#whole) return this.#whole.subarray(0, this.#length);
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
  }

  #append(chunk: Buffer): void {
    const whole = this.#whole as Buffer;
    const length = this.#length + chunk.length;
    if (length > whole.length) {
      this.#whole = Buffer.allocUnsafeSlow(2 * length);
      whole.copy(this.#whole, 0, 0, this.#length);
    }
    chunk.copy(this.#whole as Buffer, this.#length);
    this.#length = length;
  }
}
