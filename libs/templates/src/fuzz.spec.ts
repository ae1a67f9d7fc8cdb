import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileTemplate, lintTemplate, TemplateError, TemplateSyntaxError } from './index.ts';

interface Corpus {
  contexts: Record<string, Record<string, unknown>>;
  cases: { template: string; context: string }[];
}

const corpus = JSON.parse(readFileSync(new URL('fixtures/jinja-corpus.json', import.meta.url), 'utf8')) as Corpus;
const templates = corpus.cases.map((one) => one.template);

/** Numbers in [0, 1) that the seed decides (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

const PIECES = [
  '{{',
  '}}',
  '{%',
  '%}',
  '{#',
  '#}',
  '-',
  '|',
  '(',
  ')',
  '[',
  ']',
  '.',
  ' if ',
  ' for ',
  "'",
  '**',
  '*',
  '%',
  '~',
  ' is ',
  '\\',
];
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  '',
  'text',
  '\ud800',
  [],
  [1, 'a', null],
  {},
  { a: { b: [1] } },
  undefined,
];

class Mutator {
  readonly #random: () => number;
  constructor(seed: number) {
    this.#random = generator(seed);
  }

  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined && items.length === 0) throw new Error('nothing to pick from');
    return item as T;
  }

  /** A template of the corpus with some parts cut, doubled, swapped with another's, or broken. */
  template(): string {
    let source = this.pick(templates);
    for (let change = this.below(4); change > 0; change -= 1) {
      const from = this.below(source.length + 1);
      const to = from + this.below(12);
      const other = this.pick(templates);
      const start = this.below(other.length);
      const insert = this.pick([
        '',
        this.pick(PIECES),
        other.slice(start, start + this.below(30)),
        source.slice(from, to).repeat(2),
      ]);
      source = source.slice(0, from) + insert + source.slice(this.pick([from, to]));
    }
    return source;
  }

  context(): Record<string, unknown> {
    const base = corpus.contexts.data ?? {};
    return Object.fromEntries(
      Object.entries(base).map(([key, value]) => [key, this.below(3) === 0 ? this.pick(VALUES) : value]),
    );
  }
}

/** The problem with one random template, or null. */
function problemWith(source: string, context: Record<string, unknown>): string | null {
  const start = process.cpuUsage();
  const input = JSON.stringify(context);
  try {
    const problems = lintTemplate(source);
    const template = compileTemplate(source);
    if (problems.length > 0) return 'lint finds problems in what compiles';
    template.evaluate(context, { now: new Date(0) });
    template.evaluate(context, { strict: true });
  } catch (error) {
    if (!(error instanceof TemplateError || error instanceof TemplateSyntaxError)) return String(error);
    if (error instanceof TemplateSyntaxError && lintTemplate(source).length === 0) return 'lint misses a problem';
  }
  if (JSON.stringify(context) !== input) return 'the input changed';
  const { user, system } = process.cpuUsage(start);
  return user + system > 500_000 ? `${(user + system) / 1000} ms` : null;
}

describe('FL-04: random templates', () => {
  const seed = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000);
  const rounds = Number(process.env.SLUICE_FUZZ_ROUNDS ?? 2000);
  it(`throw nothing but errors of the template, end, and leave their input alone (SLUICE_SEED=${seed})`, () => {
    const mutator = new Mutator(seed);
    const failures: unknown[] = [];
    for (let round = 0; round < rounds && failures.length < 3; round += 1) {
      const source = mutator.template();
      const problem = problemWith(source, mutator.context());
      if (problem !== null) failures.push({ source, problem });
    }
    expect(failures).toEqual([]);
  }, 600_000);
});
