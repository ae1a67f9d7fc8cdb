import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileTemplate, TemplateError, TemplateSyntaxError } from './index.ts';

type Failure = 'syntax' | 'undefined' | 'runtime';

/** A template and what Python's Jinja2 makes of it (tools/jinja-corpus/generate.py). */
interface Case {
  group: string;
  template: string;
  context: string;
  strict?: boolean;
  /** Rendered; absent where Python prints an address. */
  text?: string;
  error?: Failure;
  /** For a template that is one expression. */
  value?: unknown;
  valueError?: Failure;
  /** For the differences that are meant: our value or failure, and which paragraph of docs/templates.md it is. */
  ours?: unknown;
  reason?: string;
}

interface Corpus {
  jinja2: string;
  contexts: Record<string, Record<string, unknown>>;
  cases: Case[];
}

/** The committed corpus, or one of random templates (tools/jinja-corpus/fuzz.py). */
const path = process.env.SLUICE_JINJA_FUZZ ?? new URL('fixtures/jinja-corpus.json', import.meta.url);
const corpus = JSON.parse(readFileSync(path, 'utf8')) as Corpus;

function evaluate(source: string, { context, strict = false }: Case): unknown {
  return compileTemplate(source).evaluate(corpus.contexts[context] ?? {}, { strict });
}

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return { failure: 'syntax' };
    if (error instanceof TemplateError) return { failure: error.code === 'undefined' ? 'undefined' : 'runtime' };
    throw error;
  }
}

/** The text of a template whose single expression would keep its type: another, empty expression makes it text. */
function render(one: Case): unknown {
  return outcome(() => evaluate(`{{ '' }}${one.template}`, one));
}

/** Python has a TypeError for some uses of undefined values, such as abs(undefined); ours say what is undefined. */
function isSame(jinja: unknown, ours: unknown): boolean {
  const [left, right] = [JSON.stringify(jinja), JSON.stringify(ours)];
  return left === right || (left === '{"failure":"runtime"}' && right === '{"failure":"undefined"}');
}

interface Mismatch {
  template: string;
  jinja: unknown;
  ours: unknown;
}

function compare(one: Case): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const check = (jinja: unknown, ours: unknown): void => {
    if (!isSame(jinja, ours)) mismatches.push({ template: one.template, jinja, ours });
  };
  if ('error' in one)
    check(
      { failure: one.error },
      outcome(() => String(evaluate(one.template, one))),
    );
  else if (one.text !== undefined)
    check(one.text, 'value' in one || 'valueError' in one ? render(one) : outcome(() => evaluate(one.template, one)));
  if ('value' in one)
    check(
      one.value,
      outcome(() => evaluate(one.template, one)),
    );
  else if ('valueError' in one)
    check(
      { failure: one.valueError },
      outcome(() => evaluate(one.template, one)),
    );
  return mismatches;
}

describe(`FL-04: the corpus of Python Jinja2 ${corpus.jinja2}`, () => {
  it('has at least 300 templates', () => {
    expect(corpus.cases.length).toBeGreaterThanOrEqual(300);
  });

  const groups = Map.groupBy(corpus.cases, (one) => one.group);
  const differences = groups.get('differences') ?? [];
  groups.delete('differences');
  for (const [group, cases] of groups) {
    it(`gives the same results as Python: ${group}`, () => {
      expect(cases.flatMap(compare)).toEqual([]);
    });
  }

  it('differs from Python exactly where docs/templates.md says so', () => {
    const documented = readFileSync(new URL('../../../docs/templates.md', import.meta.url), 'utf8');
    expect(differences.length > 20 || corpus.jinja2 === 'fuzz').toBe(true);
    for (const one of differences) {
      expect({ template: one.template, is: outcome(() => evaluate(one.template, one)) }).toEqual({
        template: one.template,
        is: one.ours,
      });
      expect(documented).toContain(`**${one.reason}**`);
    }
  });
});
