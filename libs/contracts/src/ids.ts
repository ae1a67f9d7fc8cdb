import { hash, randomFillSync } from 'node:crypto';

const pool = Buffer.allocUnsafe(16 * 256);
let offset = pool.length;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The character codes of the hexadecimal digits. */
const DIGITS = Buffer.from('0123456789abcdef', 'latin1');
const scratch = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1');

/**
 * By way of bytes: text that is put together from pieces is a tree of 20 of them (700 bytes), and is copied once more by
 * whoever reads it first.
 */
function format(bytes: Uint8Array, start: number): string {
  let at = 0;
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) at++;
    const byte = bytes[start + index] as number;
    scratch[at++] = DIGITS[byte >> 4] as number;
    scratch[at++] = DIGITS[byte & 15] as number;
  }
  return scratch.toString('latin1');
}

const MAX_COUNTER = 0xfff;
let lastMs = 0;
let counter = 0;

/**
 * The time and the counter of the next id of this process, always behind those of the last one. The counter begins
 * anywhere in the lower half of its 12 bits; when they are used up, or the clock was set back, the time runs ahead of
 * the clock (RFC 9562 §6.2).
 */
function tick(): void {
  const nowMs = Date.now();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = (pool[offset + 7] as number) | (((pool[offset + 6] as number) & 0x07) << 8);
  } else if (counter < MAX_COUNTER) {
    counter++;
  } else {
    lastMs++;
    counter = 0;
  }
}

/**
 * A new root id: UUIDv7 (RFC 9562 §5.7), 48 bits of Unix time in milliseconds followed by a counter and randomness.
 * The time decides the partition that the stream lives in. Within a process each id sorts behind the one before: a
 * batch of appends is sorted by stream, and requests that were accepted one after the other must stay so.
 * @param atMs an id of another time; such ids of the same millisecond have no order.
 */
export function newId(atMs?: number): string {
  if (offset >= pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  const start = offset;
  if (atMs === undefined) {
    tick();
    pool[start + 6] = counter >> 8;
    pool[start + 7] = counter & 0xff;
  }
  offset += 16;
  pool.writeUIntBE(atMs ?? lastMs, start, 6);
  pool[start + 6] = ((pool[start + 6] as number) & 0x0f) | 0x70;
  pool[start + 8] = ((pool[start + 8] as number) & 0x3f) | 0x80;
  return format(pool, start);
}

/**
 * An id derived from its cause: UUIDv8 (RFC 9562 §5.8) that carries the cause's 48-bit time followed by
 * SHA-256(kind, cause, target, replay). A redelivered cause derives the same id, so the database refuses the second
 * write; a replay names itself, otherwise it would be swallowed as already done.
 */
export function derivedId(kind: string, causeId: string, target: string, replayId = ''): string {
  const digest = hash('sha256', JSON.stringify([kind, causeId.toLowerCase(), target, replayId]), 'buffer');
  const id = Buffer.allocUnsafe(16);
  id.write(causeId.slice(0, 8) + causeId.slice(9, 13), 0, 6, 'hex');
  digest.copy(id, 6, 0, 10);
  id[6] = ((id[6] as number) & 0x0f) | 0x80;
  id[8] = ((id[8] as number) & 0x3f) | 0x80;
  return format(id, 0);
}

/** The Unix time in milliseconds that an id of this system carries in its first 48 bits. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The smallest id that carries this time (Unix milliseconds): where a day of streams begins. */
export function firstIdAt(atMs: number): string {
  const hex = Math.max(0, Math.min(Math.floor(atMs), 0xffffffffffff))
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** What comes of a cause later than this is given a time of its own. */
const LATE_MS = 86_400_000;

/**
 * The cause to derive an id from, for what came of it at a time that is recorded (Unix milliseconds): the cause itself,
 * or, when it is more than a day old by then, the cause with that time in place of its own. A run that has waited for
 * months emits an event: its id must not lie among days that retention has dropped wherever the event is recorded. The
 * same cause and time give the same id, so a redelivered message still finds its work done.
 */
export function causeAt(causeId: string, atMs: number): string {
  if (atMs - timeOfId(causeId) <= LATE_MS) return causeId;
  return firstIdAt(atMs).slice(0, 13) + causeId.slice(13);
}

/** The domain event that a request which is handed on becomes (GW-11). */
export function forwardedEventId(requestId: string, triggerId: string): string {
  return derivedId('forwarded', requestId, triggerId);
}

/** Whether the text is a UUID in its canonical form (any version, any case). */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}
