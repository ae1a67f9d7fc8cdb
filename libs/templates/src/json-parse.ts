import { Dict } from './dict.ts';
import type { Runtime } from './runtime.ts';
import { valueError } from './template-error.ts';
import { makeFloat, makeInt } from './values.ts';

/** Numbers that JavaScript reads differently from Python: 1.0, 1e3 and ints with more digits than a double holds. */
const PYTHON_NUMBERS = /\d[.eE]|\d{16}/;

interface Source {
  source?: string;
}

/** `json.loads(text)`: ints stay exact and floats stay floats; the result belongs to the template. */
export function parseJson(rt: Runtime, text: string): unknown {
  rt.spendText(text.length, 4);
  try {
    if (!PYTHON_NUMBERS.test(text)) return adopt(rt, JSON.parse(text));
    return adopt(rt, JSON.parse(text, reviveNumber));
  } catch (error) {
    if (error instanceof SyntaxError) throw valueError('the text is not JSON');
    throw error;
  }
}

/** Node 21 and later give the number as it was written. */
function reviveNumber(this: unknown, _key: string, value: unknown, context?: Source): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined) return value;
  return /[.eE]/.test(source) ? makeFloat(value) : makeInt(BigInt(source));
}

function adopt(rt: Runtime, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    rt.spend(value.length);
    return rt.own(value.map((item) => adopt(rt, item)));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const dict = new Dict();
  for (const [key, item] of Object.entries(value)) {
    rt.spend(8);
    dict.set(key, adopt(rt, item));
  }
  return dict;
}
