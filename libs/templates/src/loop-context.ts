import { isEqual } from './compare.ts';
import { hostItem, itemsOf } from './iterate.ts';
import type { Runtime } from './runtime.ts';
import { typeError } from './template-error.ts';
import { Special, Tuple } from './values.ts';
import type { CallArguments, Method } from './values.ts';

const END = Symbol('end of the loop');

/** Items of a loop one after the other, past those that its `if` refuses. The list may grow while it is read. */
export class LoopItems {
  readonly #rt: Runtime;
  #items: unknown[];
  readonly #accepts: ((item: unknown) => boolean) | null;
  #next = 0;

  constructor(rt: Runtime, iterable: unknown, accepts: ((item: unknown) => boolean) | null) {
    this.#rt = rt;
    this.#items = itemsOf(rt, iterable);
    this.#accepts = accepts;
  }

  /** The next item, or END. */
  next(): unknown {
    while (this.#next < this.#items.length) {
      const item = hostItem(this.#rt, this.#items[this.#next]);
      this.#next += 1;
      this.#rt.spend(1);
      if (this.#accepts === null || this.#accepts(item)) return item;
    }
    return END;
  }

  static isEnd(item: unknown): boolean {
    return item === END;
  }

  get isFiltered(): boolean {
    return this.#accepts !== null;
  }

  get size(): number {
    return this.#items.length;
  }

  /** How many are left; those are taken through the filter now. */
  takeRest(): number {
    const rest: unknown[] = [];
    for (let item = this.next(); item !== END; item = this.next()) rest.push(item);
    this.#items = rest;
    this.#next = 0;
    return rest.length;
  }
}

/** The variable `loop` (LoopContext of Jinja 3.1). */
export class LoopContext extends Special {
  override readonly typeName = 'LoopContext';
  override readonly callable = true;
  readonly #items: LoopItems;
  readonly #recurse: ((items: unknown, depth: number) => string) | null;
  readonly #depth0: number;
  #index0 = -1;
  #length: number | null = null;
  #before: unknown = END;
  #current: unknown = END;
  #after: unknown = END;
  #peeked = false;
  #changed: Tuple | null = null;

  constructor(items: LoopItems, recurse: ((items: unknown, depth: number) => string) | null, depth0: number) {
    super();
    this.#items = items;
    this.#recurse = recurse;
    this.#depth0 = depth0;
  }

  /** Goes to the next item and gives it, or END. */
  advance(): unknown {
    const item = this.#peeked ? this.#after : this.#items.next();
    this.#peeked = false;
    if (item === END) return END;
    this.#index0 += 1;
    this.#before = this.#current;
    this.#current = item;
    return item;
  }

  #peek(): unknown {
    if (!this.#peeked) {
      this.#after = this.#items.next();
      this.#peeked = true;
    }
    return this.#after;
  }

  #size(): number {
    if (this.#length !== null) return this.#length;
    if (!this.#items.isFiltered) this.#length = this.#items.size;
    else {
      const ahead = this.#peeked && this.#after !== END ? 1 : 0;
      this.#length = this.#items.takeRest() + this.#index0 + 1 + ahead;
    }
    return this.#length;
  }

  override attribute(rt: Runtime, name: string): unknown {
    switch (name) {
      case 'index':
        return this.#index0 + 1;
      case 'index0':
        return this.#index0;
      case 'revindex':
        return this.#size() - this.#index0;
      case 'revindex0':
        return this.#size() - this.#index0 - 1;
      case 'first':
        return this.#index0 === 0;
      case 'last':
        return this.#peek() === END;
      case 'length':
        return this.#size();
      case 'depth':
        return this.#depth0 + 1;
      case 'depth0':
        return this.#depth0;
      case 'previtem':
        return this.#index0 === 0 ? rt.missing('there is no previous item', '') : this.#before;
      case 'nextitem':
        return this.#peek() === END ? rt.missing('there is no next item', '') : this.#after;
      default:
        return undefined;
    }
  }

  override method(name: string): Method | undefined {
    if (name === 'cycle') return (_rt, args) => this.#cycle(args.positional);
    if (name === 'changed') return (rt, args) => this.#hasChanged(rt, new Tuple(args.positional));
    return undefined;
  }

  #cycle(values: readonly unknown[]): unknown {
    if (values.length === 0) throw typeError('no items for cycling given');
    return values[this.#index0 % values.length];
  }

  #hasChanged(rt: Runtime, value: Tuple): boolean {
    if (this.#changed !== null && isEqual(rt, this.#changed, value)) return false;
    this.#changed = value;
    return true;
  }

  override call(_rt: Runtime, args: CallArguments): unknown {
    if (this.#recurse === null) {
      throw typeError("The loop must have the 'recursive' marker to be called recursively.");
    }
    if (args.positional.length !== 1) throw typeError('loop() takes one argument');
    return this.#recurse(args.positional[0], this.#depth0 + 1);
  }

  override print(): string {
    return `<LoopContext ${this.#index0 + 1}/${this.#size()}>`;
  }
}
