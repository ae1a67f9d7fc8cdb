import { compileTemplate, type Template } from '@sluice/templates';

/** A field of a step whose strings may be templates, at any depth; compiled once, evaluated per run. */
export interface ValueTemplate {
  /** Names that the templates read from outside (refs, `trigger`, `secrets`…). */
  readonly references: ReadonlySet<string>;
  evaluate(context: Readonly<Record<string, unknown>>, options?: TemplateOptions): unknown;
  /** The value with its templates as they were written, except that everything not touching `name` is evaluated. */
  evaluateExcept(name: string, context: Readonly<Record<string, unknown>>, options?: TemplateOptions): unknown;
}
export interface TemplateOptions {
  strict?: boolean;
  now?: Date;
  /** Called before each template; throws when there have been enough. */
  checkTime?: (() => void) | undefined;
}

export interface TemplateCompiler {
  /** @throws TemplateSyntaxError */
  value(source: unknown): ValueTemplate;
  /** A single string. @throws TemplateSyntaxError */
  text(source: string): ValueTemplate;
}

const NO_REFERENCES: ReadonlySet<string> = new Set();
const MARKS = /\{[{%#]/;

class Constant implements ValueTemplate {
  readonly references = NO_REFERENCES;
  private readonly constant: unknown;
  constructor(constant: unknown) {
    this.constant = constant;
  }
  evaluate(): unknown {
    return this.constant;
  }
  evaluateExcept(): unknown {
    return this.constant;
  }
}

class Text implements ValueTemplate {
  readonly references: ReadonlySet<string>;
  private readonly template: Template;
  private readonly source: string;
  constructor(source: string) {
    this.source = source;
    this.template = compileTemplate(source);
    this.references = new Set(this.template.references);
  }
  evaluate(context: Readonly<Record<string, unknown>>, options?: TemplateOptions): unknown {
    options?.checkTime?.();
    return this.template.evaluate(context, options);
  }
  evaluateExcept(name: string, context: Readonly<Record<string, unknown>>, options?: TemplateOptions): unknown {
    return this.references.has(name) ? this.source : this.evaluate(context, options);
  }
}

class List implements ValueTemplate {
  readonly references: ReadonlySet<string>;
  private readonly items: readonly ValueTemplate[];
  constructor(items: readonly ValueTemplate[]) {
    this.items = items;
    this.references = union(items);
  }
  evaluate(context: Readonly<Record<string, unknown>>, options?: TemplateOptions): unknown {
    return this.items.map((item) => item.evaluate(context, options));
  }
  evaluateExcept(name: string, context: Readonly<Record<string, unknown>>, options?: TemplateOptions): unknown {
    return this.items.map((item) => item.evaluateExcept(name, context, options));
  }
}

class Fields implements ValueTemplate {
  readonly references: ReadonlySet<string>;
  private readonly fields: readonly (readonly [string, ValueTemplate])[];
  constructor(fields: readonly (readonly [string, ValueTemplate])[]) {
    this.fields = fields;
    this.references = union(fields.map(([, value]) => value));
  }
  evaluate(context: Readonly<Record<string, unknown>>, options?: TemplateOptions): unknown {
    const result: Record<string, unknown> = {};
    for (const [key, value] of this.fields) setOwn(result, key, value.evaluate(context, options));
    return result;
  }
  evaluateExcept(name: string, context: Readonly<Record<string, unknown>>, options?: TemplateOptions): unknown {
    const result: Record<string, unknown> = {};
    for (const [key, value] of this.fields) setOwn(result, key, value.evaluateExcept(name, context, options));
    return result;
  }
}

/** `__proto__` as a key of JSON is data like any other key. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

function union(parts: readonly ValueTemplate[]): ReadonlySet<string> {
  return new Set(parts.flatMap((part) => [...part.references]));
}

function compile(source: unknown): ValueTemplate {
  if (typeof source === 'string') return MARKS.test(source) ? new Text(source) : new Constant(source);
  if (source === null || typeof source !== 'object') return new Constant(source ?? null);
  const parts = Array.isArray(source)
    ? new List(source.map(compile))
    : new Fields(Object.entries(source).map(([key, value]) => [key, compile(value)]));
  return parts.references.size === 0 && isConstant(source) ? new Constant(source) : parts;
}

function isConstant(source: unknown): boolean {
  if (typeof source === 'string') return !MARKS.test(source);
  if (source === null || typeof source !== 'object') return true;
  return Object.values(source).every(isConstant);
}

export const templateCompiler: TemplateCompiler = {
  value: compile,
  text: compile,
};

/** The names used as `secrets.name` or `secrets['name']` anywhere in a value; other ways to name one give nothing. */
export function secretNamesIn(source: unknown): string[] {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      for (const match of value.matchAll(/\bsecrets\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])/g)) {
        names.add((match[1] ?? match[2] ?? match[3]) as string);
      }
    } else if (value !== null && typeof value === 'object') {
      for (const each of Object.values(value)) visit(each);
    }
  };
  visit(source);
  return [...names];
}
