import { describe, expect, it } from 'vitest';
import { compileTemplate, TemplateError } from './index.ts';

function evaluate(source: string, context: Record<string, unknown> = {}): unknown {
  return compileTemplate(source).evaluate(context);
}

describe('FL-04: a template reads own data of its input and nothing else', () => {
  it('does not see prototypes, constructors or inherited properties', () => {
    for (const name of ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'length', '__class__']) {
      for (const owner of ['o', 's', 'n', 'l', 'o.x', 'range', 'loop', 'f']) {
        expect(evaluate(`{{ ${owner}.${name} is defined }}${owner}`, { o: {}, s: 'text', n: 1, l: [1] })).toBe(
          `False${owner}`,
        );
        expect(evaluate(`{{ ${owner}['${name}'] is defined }}x`, { o: {}, s: 'text', n: 1, l: [1] })).toBe('Falsex');
      }
    }
  });

  it('reads own keys with such names as data', () => {
    const input: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": "c", "toString": 5}');
    expect(evaluate('{{ i.__proto__.polluted }}', { i: input })).toBe(1);
    expect(evaluate('{{ i.constructor }}{{ i["toString"] }}', { i: input })).toBe('c5');
    expect(evaluate('{{ \'{"__proto__": {"x": 1}}\' | fromjson }}')).toEqual(JSON.parse('{"__proto__": {"x": 1}}'));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('makes own properties of such names, and never a prototype', () => {
    const made = evaluate('{{ {"__proto__": {"polluted": 1}} }}') as object;
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
    expect(Object.hasOwn(made, '__proto__')).toBe(true);
    expect(Reflect.get(made, 'polluted')).toBeUndefined();
  });

  it('does not see functions, symbols, class instances or what the context inherits', () => {
    class Secret {
      value = 1;
    }
    const host = { fn: () => 'called', symbol: Symbol('s'), secret: new Secret(), date: new Date(0), map: new Map() };
    expect(evaluate('{{ h.fn is defined }}{{ h.symbol is defined }}', { h: host })).toBe('FalseFalse');
    expect(() => evaluate('{{ h.fn() }}', { h: host })).toThrow(TemplateError);
    expect(evaluate('[{{ h.secret.value }}{{ h.date.getTime }}{{ h.map.size }}]', { h: host })).toBe('[]');
    expect(() => evaluate('x{{ h.secret }}', { h: host })).toThrow('not JSON data');
    expect(() => evaluate('{% for x in h.map %}{% endfor %}', { h: host })).toThrow('not JSON data');
    expect(() => evaluate('{{ h.date | tojson }}', { h: host })).toThrow('not JSON data');
    expect(evaluate('[{{ a }}]', Object.create({ a: 1 }) as Record<string, unknown>)).toBe('[]');
  });

  it('reads objects without a prototype, such as parsers make', () => {
    const query = Object.create(null) as Record<string, unknown>;
    query.a = 1;
    const inherited = Object.create(Object.create(null) as object) as Record<string, unknown>;
    inherited.b = 2;
    expect(evaluate('{{ q.a }}{{ r.b }}{{ q }}', { q: query, r: inherited })).toBe("12{'a': 1}");
  });

  it('takes undefined values of the host for missing ones', () => {
    expect(evaluate('{{ a is defined }}{{ b.c is defined }}', { a: undefined, b: { c: undefined } })).toBe(
      'FalseFalse',
    );
    expect(evaluate('{{ l | length }}{{ l[0] is defined }}', { l: [undefined, 1] })).toBe('2False');
  });

  it('never changes its input, and changes what it made itself', () => {
    const input = { l: [3, 1, 2], d: { a: 1 } };
    for (const change of [
      'l.append(4)',
      'l.sort()',
      'l.pop()',
      'd.update(b=2)',
      'd.pop("a")',
      'd.clear()',
      'l.clear()',
    ]) {
      expect(() => evaluate(`{{ ${change} }}`, input)).toThrow('input data cannot be changed');
    }
    expect(evaluate('{% set m = l | list %}{% set _ = m.append(4) %}{{ m }}{{ l }}', input)).toBe(
      '[3, 1, 2, 4][3, 1, 2]',
    );
    expect(evaluate('{% set m = dict(d) %}{% set _ = m.update(b=2) %}{{ m }}{{ d }}', input)).toBe(
      "{'a': 1, 'b': 2}{'a': 1}",
    );
    expect(evaluate('{{ (l | sort)[0] }}{{ l | reverse }}{{ l }}', input)).toBe('1[2, 1, 3][3, 1, 2]');
    expect(input).toEqual({ l: [3, 1, 2], d: { a: 1 } });
  });

  it('finds fields that are named like methods, and methods where they are called', () => {
    const order = { items: [{ sku: 'a' }], keys: 'k', get: 1 };
    expect(evaluate('{% for i in order.items %}{{ i.sku }}{% endfor %}{{ order.keys }}', { order })).toBe('ak');
    expect(evaluate('{{ order.items() | length }}{{ order.get("keys") }}', { order })).toBe('3k');
  });
});
