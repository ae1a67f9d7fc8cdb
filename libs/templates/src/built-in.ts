import type { Runtime } from './runtime.ts';
import { Special } from './values.ts';
import type { CallArguments, Method } from './values.ts';

/** A function that templates can call by its name. */
export class BuiltIn extends Special {
  override readonly typeName = 'function';
  override readonly callable = true;
  readonly #name: string;
  readonly #run: Method;

  constructor(name: string, run: Method) {
    super();
    this.#name = name;
    this.#run = run;
  }

  override call(rt: Runtime, args: CallArguments): unknown {
    return this.#run(rt, args);
  }

  override print(): string {
    return `<function ${this.#name}>`;
  }
}
