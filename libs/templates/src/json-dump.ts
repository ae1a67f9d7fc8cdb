import { compareValues, textOf } from './compare.ts';
import { hostItem, itemsOf } from './iterate.ts';
import { jsonKey } from './native-value.ts';
import { entriesOf, MAX_DATA_DEPTH, notData, tooDeep } from './print.ts';
import { floatText } from './python-float.ts';
import type { Runtime } from './runtime.ts';
import { intArgument } from './signature.ts';
import { typeError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Float, fromHost, isPlainObject, MadeMapping, Special, Tuple, Undefined } from './values.ts';

interface Layout {
  /** What one level is indented by; null for one line. */
  indent: string | null;
  itemSeparator: string;
}

/**
 * Jinja's tojson: json.dumps with sorted keys and ASCII only, and `<`, `>`, `&`, `'` as escapes, so that the result can
 * stand in HTML.
 */
export function dumpJson(rt: Runtime, value: unknown, indent: unknown): string {
  const by = textOf(indent) ?? (indent === undefined || indent === null ? null : spaces(intArgument(indent, 0)));
  const layout: Layout = { indent: by, itemSeparator: by === null ? ', ' : ',' };
  return dump(rt, value, layout, 0);
}

function spaces(count: number): string {
  return ' '.repeat(Math.min(Math.max(count, 0), 100));
}

function dump(rt: Runtime, value: unknown, layout: Layout, depth: number): string {
  switch (typeof value) {
    case 'string':
      rt.spendText(value.length);
      return jsonText(value);
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : jsonFloat(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      rt.spend(200);
      return value.toString();
    default:
      return value === null ? 'null' : dumpObject(rt, value, layout, depth);
  }
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? floatText(value) : value > 0 ? 'Infinity' : '-Infinity';
}

function dumpObject(rt: Runtime, value: unknown, layout: Layout, depth: number): string {
  if (depth > MAX_DATA_DEPTH) throw tooDeep();
  const text = textOf(value);
  if (text !== undefined) return jsonText(text);
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof MadeMapping || isPlainObject(value)) return dumpDict(rt, value, layout, depth);
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = itemsOf(rt, value).map((item) => {
      rt.spend(1);
      return dump(rt, hostItem(rt, item), layout, depth + 1);
    });
    return enclose(rt, '[', items, ']', layout, depth);
  }
  const native = value instanceof Special ? value.native() : undefined;
  if (typeof native === 'string') return jsonText(native);
  if (typeof native === 'number') return dump(rt, native, layout, depth);
  if (typeof value === 'object' && !(value instanceof Special || value instanceof Undefined)) {
    if (typeName(value) === 'object') throw notData();
  }
  throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function dumpDict(rt: Runtime, dict: object, layout: Layout, depth: number): string {
  const entries = [...entriesOf(dict)];
  rt.spend(3 * entries.length);
  const isSimple = entries.every(([key]) => typeof key === 'string' && /^[\x20-\x7e]*$/.test(key));
  if (isSimple) entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  else entries.sort(([a], [b]) => compareValues(rt, a, b, '<'));
  rt.spend(entries.length * (32 - Math.clz32(entries.length)));
  const items = entries.map(([key, item]) => {
    const value = fromHost(item);
    const name = jsonText(jsonKey(key));
    return `${name}: ${dump(rt, value === undefined ? rt.missing('a value', '') : value, layout, depth + 1)}`;
  });
  return enclose(rt, '{', items, '}', layout, depth);
}

function enclose(
  rt: Runtime,
  open: string,
  items: readonly string[],
  close: string,
  layout: Layout,
  depth: number,
): string {
  if (items.length === 0) return open + close;
  let length = 2;
  for (const item of items) length += item.length + 2;
  if (layout.indent === null) {
    rt.spendCopy(length);
    return open + items.join(layout.itemSeparator) + close;
  }
  rt.spendCopy(length + layout.indent.length * (depth + 1) * (items.length + 1));
  const inner = `\n${layout.indent.repeat(depth + 1)}`;
  return open + inner + items.join(layout.itemSeparator + inner) + `\n${layout.indent.repeat(depth)}` + close;
}

const NEEDS_ESCAPE = /["\\<>&']|[^ -~]/g;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

function jsonText(text: string): string {
  const escaped = text.replace(NEEDS_ESCAPE, (character) => {
    return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
