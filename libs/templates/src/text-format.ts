import { formatValue } from './format-spec.ts';
import { getItem } from './lookup.ts';
import { toRepr, toText } from './print.ts';
import type { Runtime } from './runtime.ts';
import { typeError, valueError } from './template-error.ts';
import { Undefined } from './values.ts';
import type { CallArguments } from './values.ts';

/** `format.format(*args, **kwargs)`; fields may have `[items]`, but no `.attributes`. */
export function formatText(rt: Runtime, format: string, args: CallArguments): string {
  return rt.made(new Formatter(rt, args).format(format, 2));
}

class Formatter {
  readonly #rt: Runtime;
  readonly #args: CallArguments;
  #automatic = 0;

  constructor(rt: Runtime, args: CallArguments) {
    this.#rt = rt;
    this.#args = args;
  }

  /** @param levels a format specification may contain fields, but not those of fields again */
  format(format: string, levels: number): string {
    if (levels === 0) throw valueError('Max string recursion exceeded');
    let result = '';
    let index = 0;
    while (index < format.length) {
      const brace = nextBrace(format, index);
      result += format.slice(index, brace);
      if (brace === format.length) break;
      if (format[brace + 1] === format[brace]) {
        result += format[brace];
        index = brace + 2;
        continue;
      }
      if (format[brace] === '}') throw valueError("Single '}' encountered in format string");
      const end = closing(format, brace);
      result += this.#field(format.slice(brace + 1, end), levels);
      if (result.length > this.#rt.maxOutput) this.#rt.spendText(result.length);
      index = end + 1;
    }
    return result;
  }

  #field(field: string, levels: number): string {
    this.#rt.spend(3);
    const match = /^([^!:{]*)(?:!(.))?(?::(.*))?$/su.exec(field);
    if (match === null) throw valueError('expected a field name, a conversion or a format specification');
    const [, name = '', conversion, spec = ''] = match;
    const value = this.#value(name);
    const specification = spec.includes('{') ? this.format(spec, levels - 1) : spec;
    if (conversion === undefined) return formatValue(this.#rt, value, specification);
    if (conversion !== 's' && conversion !== 'r' && conversion !== 'a') {
      throw valueError(`Unknown conversion specifier ${conversion}`);
    }
    const text = conversion === 's' ? toText(this.#rt, value) : toRepr(this.#rt, value);
    return formatValue(this.#rt, text, specification);
  }

  #value(name: string): unknown {
    const [, first = '', rest = ''] = /^([^.[]*)(.*)$/s.exec(name) ?? [];
    let value = this.#argument(first);
    for (const part of rest.matchAll(/\[([^\]]*)\]|([^]+)/g)) {
      if (part[1] === undefined) throw valueError('format fields have no attributes here, write [name]');
      const key = /^\d+$/.test(part[1]) ? Number(part[1]) : part[1];
      value = getItem(this.#rt, value, key);
      if (value instanceof Undefined) throw valueError(`format field: ${value.message}`);
    }
    return value;
  }

  #argument(name: string): unknown {
    if (name !== '' && !/^\d+$/.test(name)) {
      const value = this.#args.keyword?.get(name);
      if (value === undefined) throw valueError(`the format string's argument '${name}' is missing`);
      return value;
    }
    const index = name === '' ? this.#automatic : Number(name);
    if (name === '') this.#automatic += 1;
    if (index >= this.#args.positional.length) {
      throw typeError(`Replacement index ${index} out of range for positional args tuple`);
    }
    return this.#args.positional[index];
  }
}

function nextBrace(format: string, from: number): number {
  const match = /[{}]/g;
  match.lastIndex = from;
  return match.exec(format)?.index ?? format.length;
}

function closing(format: string, open: number): number {
  let depth = 0;
  for (let index = open; index < format.length; index += 1) {
    if (format[index] === '{') depth += 1;
    else if (format[index] === '}') depth -= 1;
    if (depth === 0) return index;
  }
  throw valueError("expected '}' before end of string");
}
