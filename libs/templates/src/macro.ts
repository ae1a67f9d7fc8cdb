import { Dict } from './dict.ts';
import { textRepr } from './print.ts';
import { Frame } from './runtime.ts';
import type { Runtime } from './runtime.ts';
import { typeError } from './template-error.ts';
import type { TemplateError } from './template-error.ts';
import type { Evaluate, Execute } from './compiler-context.ts';
import { Special, Tuple } from './values.ts';
import type { CallArguments } from './values.ts';

/** A macro as compiled: shared by all its calls. */
export interface MacroCode {
  name: string | null;
  params: { name: string; slot: number; absent: Evaluate | null }[];
  /** Slots of the special parameters that the body uses. */
  caller: number | null;
  kwargs: number | null;
  varargs: number | null;
  /** The function's scope; its slots are counted only when all of it is compiled. */
  fn: { slots: number };
  enter: Execute;
  body: Execute;
  depth: number;
}

/** A macro or caller together with the variables around its definition. */
export class Macro extends Special {
  override readonly typeName = 'Macro';
  override readonly callable = true;
  readonly #code: MacroCode;
  readonly #outer: Frame;

  constructor(code: MacroCode, outer: Frame) {
    super();
    this.#code = code;
    this.#outer = outer;
  }

  override attribute(_rt: Runtime, name: string): unknown {
    const { name: own, params, caller, kwargs, varargs } = this.#code;
    if (name === 'name') return own;
    if (name === 'arguments') return new Tuple(params.map((param) => param.name));
    if (name === 'catch_kwargs') return kwargs !== null;
    if (name === 'catch_varargs') return varargs !== null;
    if (name === 'caller') return caller !== null;
    return undefined;
  }

  override print(): string {
    return `<Macro ${this.#code.name === null ? 'anonymous' : textRepr(this.#code.name)}>`;
  }

  override call(rt: Runtime, args: CallArguments): unknown {
    const code = this.#code;
    const frame = new Frame(code.fn.slots, this.#outer);
    const keyword = new Map(args.keyword ?? []);
    this.#bind(rt, frame, args.positional, keyword);
    rt.spend(5 + code.fn.slots);
    rt.enter(code.depth);
    code.enter(rt, frame);
    for (const { name, slot, absent } of code.params) {
      if (frame.slots[slot] !== undefined) continue;
      frame.slots[slot] = absent === null ? rt.missing(`parameter '${name}' was not provided`, '') : absent(rt, frame);
    }
    const text = rt.capture(() => code.body(rt, frame));
    rt.leave(code.depth);
    return text;
  }

  /** Follows Macro.__call__ of Jinja 3.1. */
  #bind(rt: Runtime, frame: Frame, positional: readonly unknown[], keyword: Map<string, unknown>): void {
    const { params, caller, kwargs, varargs } = this.#code;
    let foundCaller = positional.length >= params.length && params.some((param) => param.name === 'caller');
    params.forEach(({ name, slot }, index) => {
      if (index < positional.length) frame.slots[slot] = positional[index];
      else {
        frame.slots[slot] = keyword.get(name);
        keyword.delete(name);
        foundCaller ||= name === 'caller';
      }
    });
    if (caller !== null && !foundCaller) {
      frame.slots[caller] = keyword.get('caller') ?? rt.missing('No caller defined', '');
      keyword.delete('caller');
    }
    if (kwargs !== null) frame.slots[kwargs] = toDict(keyword);
    else if (keyword.size > 0) throw this.#unknownKeyword(keyword);
    if (varargs !== null) frame.slots[varargs] = new Tuple(positional.slice(params.length));
    else if (positional.length > params.length) {
      throw typeError(`macro ${this.#label()} takes not more than ${params.length} argument(s)`);
    }
  }

  #label(): string {
    return this.#code.name === null ? 'None' : textRepr(this.#code.name);
  }

  #unknownKeyword(keyword: ReadonlyMap<string, unknown>): TemplateError {
    if (keyword.has('caller')) return typeError(`macro ${this.#label()} was invoked with two values for caller`);
    return typeError(`macro ${this.#label()} takes no keyword argument '${[...keyword.keys()][0] ?? ''}'`);
  }
}

function toDict(keyword: ReadonlyMap<string, unknown>): Dict {
  const dict = new Dict();
  for (const [key, value] of keyword) dict.set(key, value);
  return dict;
}
