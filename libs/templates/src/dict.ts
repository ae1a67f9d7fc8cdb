import { typeError } from './template-error.ts';
import { Float, MadeMapping, Markup, Range, Special, Tuple, Undefined } from './values.ts';
import { typeName } from './type-name.ts';

/** What identifies a key in a dict or a set: equal values of Python have the same one (1, 1.0 and True). */
export type HashKey = string | number | bigint | null | object;

export function hashKey(value: unknown): HashKey {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || value === null)
    return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Float) return value.value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Tuple) return `\0(${value.items.map(tuplePart).join(',')})`;
  if (value instanceof Undefined) {
    value.use();
    return Undefined;
  }
  if (value instanceof Special || value instanceof Range) return value;
  throw typeError(`unhashable type: '${typeName(value)}'`);
}

function tuplePart(item: unknown): string {
  const key = hashKey(item);
  if (typeof key === 'string') return JSON.stringify(key);
  if (typeof key === 'object' && key !== null) throw typeError('such a tuple cannot be a key');
  return String(key);
}

/** A dict that a template made: any hashable keys, in the order of insertion. */
export class Dict extends MadeMapping {
  readonly #entries = new Map<HashKey, [unknown, unknown]>();

  override get size(): number {
    return this.#entries.size;
  }

  set(key: unknown, value: unknown): void {
    const hash = hashKey(key);
    const entry = this.#entries.get(hash);
    if (entry === undefined) this.#entries.set(hash, [key, value]);
    else entry[1] = value;
  }

  has(key: unknown): boolean {
    return this.#entries.has(hashKey(key));
  }

  /** The value, or JavaScript's `undefined` when there is none. */
  get(key: unknown): unknown {
    return this.#entries.get(hashKey(key))?.[1];
  }

  delete(key: unknown): boolean {
    return this.#entries.delete(hashKey(key));
  }

  clear(): void {
    this.#entries.clear();
  }

  entries(): Iterable<readonly [unknown, unknown]> {
    return this.#entries.values();
  }
}
