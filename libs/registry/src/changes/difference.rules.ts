import { isJsonObject, type JsonObject } from '../requests/validated.ts';

/** One value that differs; a side that was not there is left out. */
export interface Difference {
  /** RFC 6901, within the resource. */
  pointer: string;
  before?: unknown;
  after?: unknown;
}

/** Of one change. What is beyond is counted in `omitted`. */
const MAX_DIFFERENCES = 100;
/** Characters of JSON of one value; a longer one is shown as its size. */
const MAX_VALUE = 4_000;
/** Says with every change, so they tell nothing. */
const ALWAYS_DIFFERENT = new Set(['updatedAt']);
const MASKED = '***';
/** `sha256` of tokens, `verifyTokenSha256` of handshakes. */
const HASH = /sha256$/i;

/** What differs between two states of a resource, value by value, without anything secret. */
export function differences(before: JsonObject, after: JsonObject): { changes: Difference[]; omitted: number } {
  const found: Difference[] = [];
  let omitted = 0;
  const note = (pointer: string, one: unknown, other: unknown): void => {
    if (found.length >= MAX_DIFFERENCES) {
      omitted++;
      return;
    }
    found.push({
      pointer,
      ...(one === undefined ? {} : { before: shown(pointer, one) }),
      ...(other === undefined ? {} : { after: shown(pointer, other) }),
    });
  };
  walk('', before, after, note);
  return { changes: found, omitted };
}

function walk(
  pointer: string,
  before: unknown,
  after: unknown,
  note: (pointer: string, before: unknown, after: unknown) => void,
): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  const isInside = isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after);
  if (!isInside || isSealed(before) || isSealed(after)) return note(pointer, before, after);
  const one = before as JsonObject;
  const other = after as JsonObject;
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    if (pointer === '' && ALWAYS_DIFFERENT.has(key)) continue;
    walk(`${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, one[key], other[key], note);
  }
}

const isContainer = (value: unknown): boolean => value !== null && typeof value === 'object';

/** A reference to a sealed value: that it is another one is told, not which. */
function isSealed(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 2 && typeof value.id === 'string' && typeof value.version === 'number';
}

function shown(pointer: string, value: unknown): unknown {
  const masked = HASH.test(pointer) ? MASKED : withoutSecrets(value);
  const text = JSON.stringify(masked);
  return text.length > MAX_VALUE ? { omittedCharacters: text.length } : masked;
}

/** Hashes of tokens are of no use to a reader, and of some to whoever guesses. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isJsonObject(value)) return value;
  if (isSealed(value)) return MASKED;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, HASH.test(key) ? MASKED : withoutSecrets(each)]),
  );
}
