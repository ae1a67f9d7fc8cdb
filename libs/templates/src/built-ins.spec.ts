import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FILTERS, REFUSED_FILTERS } from './filters.ts';
import { GLOBALS } from './globals.ts';
import { compileTemplate } from './index.ts';
import type { Operation } from './signature.ts';
import { TESTS } from './tests.ts';

interface Given {
  params?: string[];
  required?: number;
  variadic?: true;
}

/** What Python's Jinja2 has built in, as tools/jinja-corpus/generate.py found it there. */
interface BuiltIns {
  filters: Record<string, Given>;
  tests: Record<string, Given>;
  globals: string[];
  tags: string[];
}

const corpus = JSON.parse(readFileSync(new URL('fixtures/jinja-corpus.json', import.meta.url), 'utf8')) as {
  builtIns: BuiltIns;
  cases: { group: string; template: string }[];
};
const documented = readFileSync(new URL('../../../docs/templates.md', import.meta.url), 'utf8');
const jinja = corpus.builtIns;

const shapeOf = (operation: Operation | undefined): Given | null => {
  if (!operation) return null;
  return operation.kind === 'variadic'
    ? { variadic: true }
    : { params: [...operation.params], required: operation.required };
};
/** Names of those of Jinja that ours do not have in the same form. */
function differing(given: Record<string, Given>, ours: ReadonlyMap<string, Operation>, form: (one: Given) => unknown) {
  return Object.entries(given).flatMap(([name, jinjas]) => {
    const own = shapeOf(ours.get(name));
    return own && JSON.stringify(form(own)) === JSON.stringify(form(jinjas)) ? [] : [name];
  });
}

/** Each tag as it is used; the others are for more templates than one. */
const TAGS: Record<string, string> = {
  call: '{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}',
  filter: '{% filter upper %}x{% endfilter %}',
  for: '{% for x in [1] %}{{ x }}{% else %}none{% endfor %}',
  if: '{% if 1 %}x{% elif 2 %}y{% else %}z{% endif %}',
  macro: '{% macro m() %}x{% endmacro %}{{ m() }}',
  print: '{% print 1 %}',
  raw: '{% raw %}{{ x }}{% endraw %}',
  set: '{% set x = 1 %}{% set y %}x{% endset %}',
  with: '{% with x = 1 %}{{ x }}{% endwith %}',
};
const REFUSED_TAGS = ['autoescape', 'block', 'extends', 'from', 'import', 'include'];

describe('FL-04: what Jinja2 has built in', () => {
  it('every filter is there with the parameters it has in Python, or is left out with a reason', () => {
    const missing = Object.keys(jinja.filters).filter((name) => !FILTERS.has(name));
    expect(missing).toEqual([...REFUSED_FILTERS.keys()].toSorted());
    const there = Object.fromEntries(Object.entries(jinja.filters).filter(([name]) => FILTERS.has(name)));
    expect(differing(there, FILTERS, (each) => each)).toEqual([]);
  });

  it('every test is there and takes as much as in Python', () => {
    // Those of comparison have no names for what they take in Python.
    expect(differing(jinja.tests, TESTS, ({ params, required }) => [params?.length, required])).toEqual([]);
  });

  it('every function is there but lipsum, which makes text to look at', () => {
    expect(jinja.globals.filter((name) => !GLOBALS.has(name))).toEqual(['lipsum']);
  });

  it('every tag is there but those for several templates, which are refused by name', () => {
    expect(jinja.tags).toEqual([...Object.keys(TAGS), ...REFUSED_TAGS].toSorted());
    for (const template of Object.values(TAGS)) expect(() => compileTemplate(template)).not.toThrow();
    for (const tag of REFUSED_TAGS) expect(() => compileTemplate(`{% ${tag} "x" %}`)).toThrow(tag);
  });

  it('each is used by a template of the corpus, so that its results are those of Python', () => {
    const templates = corpus.cases.map(({ template }) => template).join('\n');
    const uses = (pattern: string) => new RegExp(pattern).test(templates);
    const names = Object.keys(jinja.filters).filter((name) => FILTERS.has(name));
    expect(names.filter((name) => !uses(`\\|\\s*${name}\\b|(?:map|filter) ?\\(?["' ]${name}\\b`))).toEqual([]);
    const tests = Object.keys(jinja.tests).filter((name) => /^\w/.test(name));
    expect(
      tests.filter((name) => !uses(`\\bis (?:not )?${name}\\b|(?:select|reject)(?:attr)?\\([^)]*["']${name}["']`)),
    ).toEqual([]);
    const signs = Object.keys(jinja.tests).filter((name) => !/^\w/.test(name));
    expect(signs.filter((name) => !templates.includes(`'${name}'`) && !templates.includes(`"${name}"`))).toEqual([]);
  });
});

/** `{{ expression }}` gives a value: the examples of docs/templates.md, one a line. */
const EXAMPLE = /^\| `([^`]+)` \| `(.+?)` \| `(.*)` \|/;
const examples = documented.split('\n').flatMap((line) => {
  const found = EXAMPLE.exec(line.replaceAll('\\|', '|'));
  return found
    ? [{ names: (found[1] as string).split(', '), template: found[2] as string, gives: found[3] as string }]
    : [];
});

describe('FL-04: docs/templates.md', () => {
  it.each(examples.map((each) => [each.template, each.gives] as const))('%s gives %s', (template, gives) => {
    expect(JSON.stringify(compileTemplate(template).evaluate({}, { now: new Date(0) }))).toBe(
      JSON.stringify(JSON.parse(gives)),
    );
  });

  it('has an example for every filter, test and function', () => {
    const shown = new Set(examples.flatMap(({ names }) => names.map((name) => name.replace(/\(.*\)$/, ''))));
    const all = [...FILTERS.keys(), ...[...TESTS.keys()].map((name) => `is ${name}`), ...GLOBALS.keys()];
    expect(all.filter((name) => !shown.has(name))).toEqual([]);
  });
});
