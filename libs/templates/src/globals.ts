import { update } from './collection-methods.ts';
import { Dict } from './dict.ts';
import { toRepr } from './print.ts';
import type { Runtime } from './runtime.ts';
import { fixed, intArgument, invoke } from './signature.ts';
import { typeError, valueError } from './template-error.ts';
import { textArgument } from './text-tools.ts';
import { DATE_FUNCTIONS } from './date-functions.ts';
import { BuiltIn } from './built-in.ts';
import { Range, Special } from './values.ts';
import type { CallArguments, Method } from './values.ts';

/** A dict that `set ns.name = …` can change from inner scopes. */
export class Namespace extends Special {
  override readonly typeName = 'Namespace';
  readonly #attributes = new Dict();

  constructor(rt: Runtime, args: CallArguments) {
    super();
    fill(rt, this.#attributes, args, 'namespace');
  }

  override attribute(_rt: Runtime, name: string): unknown {
    return this.#attributes.get(name);
  }

  set(name: string, value: unknown): void {
    this.#attributes.set(name, value);
  }

  override print(rt: Runtime): string {
    return `<Namespace ${toRepr(rt, this.#attributes)}>`;
  }
}

function fill(rt: Runtime, dict: Dict, args: CallArguments, name: string): void {
  if (args.positional.length > 1) throw typeError(`${name} expected at most 1 argument, got ${args.positional.length}`);
  rt.spend(5);
  if (args.positional.length === 1) update(rt, dict, args.positional[0]);
  for (const [key, value] of args.keyword ?? []) dict.set(key, value);
}

class Cycler extends Special {
  override readonly typeName = 'Cycler';
  readonly #items: readonly unknown[];
  #next = 0;

  constructor(items: readonly unknown[]) {
    super();
    if (items.length === 0) throw typeError('at least one item has to be provided');
    this.#items = items;
  }

  override attribute(_rt: Runtime, name: string): unknown {
    return name === 'current' ? this.#items[this.#next] : undefined;
  }

  override method(name: string): Method | undefined {
    if (name === 'reset') {
      return () => {
        this.#next = 0;
        return null;
      };
    }
    if (name !== 'next') return undefined;
    return () => {
      const item = this.#items[this.#next];
      this.#next = (this.#next + 1) % this.#items.length;
      return item;
    };
  }

  override print(): string {
    return '<Cycler>';
  }
}

class Joiner extends Special {
  override readonly typeName = 'Joiner';
  override readonly callable = true;
  readonly #separator: string;
  #used = false;

  constructor(separator: string) {
    super();
    this.#separator = separator;
  }

  override call(): string {
    const text = this.#used ? this.#separator : '';
    this.#used = true;
    return text;
  }

  override print(): string {
    return '<Joiner>';
  }
}

function makeRange(args: CallArguments): Range {
  const [first, second, third] = args.positional;
  if (args.positional.length === 0 || args.positional.length > 3 || args.keyword !== null) {
    throw typeError('range takes 1 to 3 arguments');
  }
  const step = intArgument(third, 1);
  if (step === 0) throw valueError('range() arg 3 must not be zero');
  return second === undefined
    ? new Range(0, intArgument(first, 0), 1)
    : new Range(intArgument(first, 0), intArgument(second, 0), step);
}

function makeDict(rt: Runtime, args: CallArguments): Dict {
  const dict = new Dict();
  fill(rt, dict, args, 'dict');
  return dict;
}

const joiner = fixed(['sep'], 0, (_rt, _value, [separator]) => new Joiner(textArgument(separator, ', ')));

/** What a template can name without being given it. The context may hide any of these. */
export const GLOBALS: ReadonlyMap<string, Special> = new Map<string, Special>([
  ['range', new BuiltIn('range', (_rt, args) => makeRange(args))],
  ['dict', new BuiltIn('dict', makeDict)],
  ['namespace', new BuiltIn('namespace', (rt, args) => new Namespace(rt, args))],
  ['cycler', new BuiltIn('cycler', (_rt, args) => new Cycler(args.positional))],
  ['joiner', new BuiltIn('joiner', (rt, args) => invoke(rt, 'joiner', joiner, null, args))],
  ...DATE_FUNCTIONS,
]);
