import { describe, expect, it } from 'vitest';
import { compileTemplate, lintTemplate, TemplateCache, TemplateError, TemplateSyntaxError } from './index.ts';

function evaluate(source: string, context: Record<string, unknown> = {}, strict = false): unknown {
  return compileTemplate(source).evaluate(context, { strict });
}

function syntaxErrorOf(source: string): TemplateSyntaxError {
  try {
    compileTemplate(source);
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return error;
    throw error;
  }
  throw new Error('the template compiles');
}

function errorOf(source: string, context: Record<string, unknown> = {}, strict = false): TemplateError {
  try {
    evaluate(source, context, strict);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('the template evaluates');
}

describe('FL-04: a template that is exactly one expression', () => {
  const web1 = { company_id: 1234, tags: ['a'], address: { city: 'Oslo' }, none: null };

  it('keeps the type of its value', () => {
    expect(evaluate('{{ web1.company_id }}', { web1 })).toBe(1234);
    expect(evaluate('{{ web1.company_id > 1000 }}', { web1 })).toBe(true);
    expect(evaluate('{{ web1.tags }}', { web1 })).toEqual(['a']);
    expect(evaluate('{{ web1.none }}', { web1 })).toBeNull();
    expect(evaluate('{{ web1.nothing.here }}', { web1 })).toBeNull();
    expect(evaluate('{{ {"id": web1.company_id, "tags": web1.tags | map("upper")} }}', { web1 })).toEqual({
      id: 1234,
      tags: ['A'],
    });
    expect(evaluate('{{ 4 / 2 }}')).toBe(2);
    expect(evaluate('{{ "1" ~ "2" }}')).toBe('12');
  });

  it('gives input objects back as they are, without a copy', () => {
    expect(evaluate('{{ web1 }}', { web1 })).toBe(web1);
    expect(evaluate('{{ web1.address }}', { web1 })).toBe(web1.address);
  });

  it('is text as soon as anything stands around it, except one line end at the end', () => {
    expect(evaluate('{{ web1.company_id }} ', { web1 })).toBe('1234 ');
    expect(evaluate('{{ web1.company_id }}{{ "" }}', { web1 })).toBe('1234');
    expect(evaluate('{{ web1.company_id }}\n', { web1 })).toBe(1234);
    expect(compileTemplate('{{ a }}').isExpression).toBe(true);
    expect(compileTemplate('{{ a }}{{ b }}').isExpression).toBe(false);
    expect(compileTemplate('a').isExpression).toBe(false);
  });

  it('loses no digit of a large integer: beyond 2^53 it is a string', () => {
    expect(evaluate("{{ '9007199254740993' | int }}")).toBe('9007199254740993');
    expect(evaluate('{{ 2 ** 53 - 1 }}')).toBe(9007199254740991);
    expect(evaluate('{{ [2 ** 64] }}')).toEqual(['18446744073709551616']);
  });

  it('refuses what JSON cannot hold', () => {
    expect(errorOf("{{ 'nan' | float }}").code).toBe('value');
    expect(errorOf('{{ [1e308 * 10] }}').code).toBe('value');
    expect(errorOf('{{ range }}').code).toBe('type');
    expect(errorOf('{{ {(1, 2): 3} }}').code).toBe('type');
  });
});

describe('FL-04: references', () => {
  it('are the names that are read from the input, without those that the template sets', () => {
    const source =
      '{% set a = b %}{{ a.x }}{% for c in d.items() if e %}{{ c }}{{ loop.index }}{% endfor %}' +
      '{% macro m(p, q=f) %}{{ p }}{{ g }}{{ varargs }}{% endmacro %}{{ m(h) }}{% with i = j %}{{ i }}{% endwith %}';
    expect([...compileTemplate(source).references].sort()).toEqual(['b', 'd', 'e', 'f', 'g', 'h', 'j']);
  });

  it('do not hold built-in functions, and hold what is set on one branch only', () => {
    expect(compileTemplate('{{ range(3) }}{{ now() }}{{ x }}').references).toEqual(['x']);
    expect(compileTemplate('{% if a %}{% set b = 1 %}{% endif %}{{ b }}').references).toEqual(['a', 'b']);
    expect(compileTemplate('{% set b = 1 %}{{ b }}').references).toEqual([]);
    expect(compileTemplate('{% raw %}{{ a }}{% endraw %}{# {{ b }} #}').references).toEqual([]);
  });
});

describe('FL-04: problems found at save', () => {
  it('have the line and column where they are', () => {
    expect(syntaxErrorOf('{{ a b }}')).toMatchObject({ line: 1, column: 6 });
    expect(syntaxErrorOf('one\ntwo {{ x | uper }}')).toMatchObject({ line: 2, column: 12, suggestion: 'upper' });
    expect(syntaxErrorOf('a\r\nb\r\n{% if x %}')).toMatchObject({ line: 3 });
    expect(syntaxErrorOf('{{ x is deffined }}')).toMatchObject({ suggestion: 'defined' });
    expect(syntaxErrorOf('{{ x | zzzzzzzz }}').suggestion).toBeUndefined();
  });

  it('say what was expected', () => {
    expect(syntaxErrorOf('{% if x %}{% for x in y %}{% endif %}').message).toContain(
      "You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for 'endfor' or 'else'.",
    );
    expect(syntaxErrorOf('{% if x %}{% frobnicate %}').message).toContain("unknown tag 'frobnicate'");
    expect(syntaxErrorOf('{% include "x" %}').message).toContain('a template stands alone');
    expect(syntaxErrorOf('{{ x | attr("y") }}').message).toContain('not available');
    expect(syntaxErrorOf('{{ x | replace("a") }}').message).toContain("missing the argument 'new'");
    expect(syntaxErrorOf('x'.repeat(70_000)).message).toContain('at most 65536 characters');
    expect(() => compileTemplate('12345', { maxSource: 4 })).toThrow(TemplateSyntaxError);
    expect(syntaxErrorOf("{{ x | regex_search('(a') }}").message).toContain('unterminated');
  });

  it('are reported all at once by lintTemplate, in order', () => {
    const problems = lintTemplate('{{ a | uper }}\n{{ 1 + }}\n{{ b is odddd }} {{ c | replace(1) }}\n{{ ) }}');
    expect(problems.map(({ line, column }) => [line, column])).toEqual([[4, 4]]);
    const parsed = lintTemplate('{{ a | uper }}\n{{ 1 + }}\n{{ b is odddd }} {{ c | replace(1) }}');
    expect(parsed.map(({ line, suggestion }) => [line, suggestion])).toEqual([
      [1, 'upper'],
      [2, undefined],
      [3, 'odd'],
      [3, undefined],
    ]);
    expect(lintTemplate('{% if a %}{{ b }}{% endif %}')).toEqual([]);
  });
});

describe('FL-04: errors while rendering', () => {
  it('have the line of what failed', () => {
    expect(errorOf('a\nb\n{{ 1 / 0 }}c')).toMatchObject({ code: 'arithmetic', line: 3 });
    expect(errorOf('{% if a %}\n{% for x in 5 %}\n{% endfor %}{% endif %}', { a: 1 })).toMatchObject({
      code: 'type',
      line: 2,
    });
  });

  it('name what is undefined', () => {
    expect(errorOf('x{{ a.b + 1 }}').message).toBe("'a' is undefined");
    expect(errorOf('x{{ a.b }}', { a: {} }, true)).toMatchObject({
      code: 'undefined',
      message: "'dict object' has no attribute 'b'",
    });
    expect(errorOf('x{{ a[3] }}', { a: [] }, true).message).toContain('no element 3');
    expect(errorOf('{{ a.nope() }}', { a: 'text' }).message).toBe("'str object' has no attribute 'nope'");
  });

  it('leave the template usable', () => {
    const template = compileTemplate('{% set x %}{{ 10 // n }}{% endset %}[{{ x }}]');
    expect(() => template.evaluate({ n: 0 })).toThrow(TemplateError);
    expect(template.evaluate({ n: 5 })).toBe('[2]');
    expect(template.evaluate({ n: 2 })).toBe('[5]');
  });
});

describe('FL-04: strict and lenient', () => {
  it('differ in what a missing value may be used for', () => {
    expect(evaluate('[{{ a.b.c }}]')).toBe('[]');
    expect(errorOf('[{{ a }}]', {}, true).code).toBe('undefined');
    expect(errorOf('{{ a }}', {}, true).code).toBe('undefined');
    expect(evaluate("{{ a | default('x') }}", {}, true)).toBe('x');
    expect(evaluate('{{ a is defined }}', {}, true)).toBe(false);
  });
});

describe('FL-04: the time', () => {
  it('is what the caller gives, and an error without one', () => {
    const template = compileTemplate("{{ now() | strftime('%Y-%m-%d') }}");
    expect(template.evaluate({}, { now: new Date('2024-02-29T12:00:00Z') })).toBe('2024-02-29');
    expect(errorOf('{{ now() }}').code).toBe('unavailable');
    expect(compileTemplate('{{ now() }}').evaluate({}, { now: new Date(1234) })).toBe(
      '1970-01-01T00:00:01.234000+00:00',
    );
  });
});

describe('TemplateCache', () => {
  it('compiles a source once and forgets what was not used for longest', () => {
    const cache = new TemplateCache({ maxEntries: 2 });
    const first = cache.get('{{ a }}');
    expect(cache.get('{{ a }}')).toBe(first);
    cache.get('{{ b }}');
    cache.get('{{ a }}');
    cache.get('{{ c }}');
    expect(cache.size).toBe(2);
    expect(cache.get('{{ a }}')).toBe(first);
  });

  it('is bounded by characters too, and keeps no template that does not compile', () => {
    const cache = new TemplateCache({ maxCharacters: 100 });
    cache.get('x'.repeat(60));
    cache.get('y'.repeat(60));
    expect(cache.size).toBe(1);
    expect(() => cache.get('{{')).toThrow(TemplateSyntaxError);
    expect(cache.size).toBe(1);
  });
});
