import type { FieldProblem } from '@sluice/contracts';

const MAX_BYTES = 65_536;
const MAX_DEPTH = 32;
/** Subschemas with every reference written out: what one value may cost to check, however the schema is folded. */
const MAX_EXPANDED = 2000;
/** `uniqueItems` compares every item with every other one. */
const MAX_UNIQUE_ITEMS = 1000;

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function depthOf(value: unknown, limit: number): number {
  if (value === null || typeof value !== 'object' || limit === 0) return 0;
  return 1 + Math.max(0, ...Object.values(value).map((each) => depthOf(each, limit - 1)));
}

/**
 * What makes a schema too large to be checked at the door: its text, its depth, and what it is once its references are
 * written out. A schema that refers to itself has no end, so it is refused: with alternatives in it, a few hundred bytes
 * of data would take hours.
 */
export function sizeProblems(schema: unknown): FieldProblem[] {
  if (!isObject(schema)) return [{ pointer: '', message: 'must be a JSON Schema: an object' }];
  if (depthOf(schema, MAX_DEPTH + 1) > MAX_DEPTH)
    return [{ pointer: '', message: `is nested more than ${MAX_DEPTH} deep` }];
  if (Buffer.byteLength(JSON.stringify(schema)) > MAX_BYTES) {
    return [{ pointer: '', message: `is larger than ${MAX_BYTES / 1024} KiB` }];
  }
  const measure = new Measure(schema);
  const size = measure.sizeAt('#', schema);
  if (measure.problems.length === 0 && size > MAX_EXPANDED) {
    return [
      {
        pointer: '',
        message: `has ${size} parts with its references written out: at most ${MAX_EXPANDED} are allowed`,
      },
    ];
  }
  return measure.problems;
}

class Measure {
  readonly problems: FieldProblem[] = [];
  private readonly sizes = new Map<string, number>();
  private readonly open = new Set<string>();

  constructor(private readonly root: Json) {}

  sizeAt(pointer: string, value: unknown): number {
    const known = this.sizes.get(pointer);
    if (known !== undefined) return known;
    if (this.open.has(pointer)) {
      this.add(pointer, 'refers to itself: recursive schemas are not allowed');
      return 1;
    }
    this.open.add(pointer);
    const size = this.measured(pointer, value);
    this.open.delete(pointer);
    this.sizes.set(pointer, size);
    return size;
  }

  private measured(pointer: string, value: unknown): number {
    if (Array.isArray(value))
      return value.reduce<number>((sum, each, index) => sum + this.sizeAt(`${pointer}/${index}`, each), 0);
    if (!isObject(value)) return 0;
    this.checkUnique(pointer, value);
    let size = 1;
    for (const [name, each] of Object.entries(value)) {
      if (name === '$ref') size += this.referred(pointer, each);
      else if (name === '$defs') this.measureUnused(pointer, each);
      else if (name.startsWith('$') && !KNOWN.has(name)) this.add(`${pointer}/${name}`, 'is not allowed here');
      else if (!DATA.has(name)) size += this.sizeAt(`${pointer}/${escaped(name)}`, each);
    }
    return Math.min(size, Number.MAX_SAFE_INTEGER / 4);
  }

  /** Definitions cost nothing until something refers to them, but each has to have an end. */
  private measureUnused(pointer: string, definitions: unknown): void {
    if (isObject(definitions)) {
      for (const [name, each] of Object.entries(definitions)) this.sizeAt(`${pointer}/$defs/${escaped(name)}`, each);
    }
  }

  private checkUnique(pointer: string, schema: Json): void {
    if (schema.uniqueItems !== true) return;
    const { maxItems } = schema;
    if (typeof maxItems === 'number' && maxItems <= MAX_UNIQUE_ITEMS) return;
    this.add(`${pointer}/uniqueItems`, `needs maxItems of at most ${MAX_UNIQUE_ITEMS} beside it`);
  }

  private referred(pointer: string, reference: unknown): number {
    if (typeof reference !== 'string' || !/^#(?:\/|$)/.test(reference)) {
      this.add(`${pointer}/$ref`, 'must refer to a place in this schema, such as #/$defs/address');
      return 1;
    }
    let target: unknown = this.root;
    for (const part of reference.split('/').slice(1)) {
      const name = unescaped(part);
      target =
        isObject(target) && Object.hasOwn(target, name)
          ? target[name]
          : Array.isArray(target)
            ? target[Number(name)]
            : undefined;
    }
    if (target === undefined) {
      this.add(`${pointer}/$ref`, `refers to ${reference}, which is not there`);
      return 1;
    }
    return this.sizeAt(reference, target);
  }

  private add(pointer: string, message: string): void {
    this.problems.push({ pointer: pointer.replace(/^#/, ''), message });
  }
}

const KNOWN = new Set(['$schema', '$comment', '$id']);
/** Keywords whose value is data rather than schemas. */
const DATA = new Set(['enum', 'const', 'default', 'examples', 'required', 'description', 'title']);

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescaped(part: string): string {
  let text = part;
  try {
    text = decodeURIComponent(part);
  } catch {
    // Not percent-encoded: it stands for itself.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}
