import { describe, expect, it } from 'vitest';
import { bodyOf, mergeQuery } from './merged-input.ts';

describe('LC-09: the input of a flow that is started by a webhook', () => {
  it('is the body, and what only the query string says', () => {
    const merged = mergeQuery({ id: 1, name: 'Ada' }, { id: '2', tag: ['a', 'b'] });
    expect(merged).toEqual({ value: { id: 1, name: 'Ada', tag: ['a', 'b'] }, fromQuery: ['tag'] });
    expect(bodyOf(merged.value, merged.fromQuery)).toEqual({ id: 1, name: 'Ada' });
  });

  it('is the query alone when there is no body, and the body alone when there is no query', () => {
    expect(mergeQuery({}, { company_id: '7' }).value).toEqual({ company_id: '7' });
    const body = { a: 1 };
    expect(mergeQuery(body, {})).toEqual({ value: body });
  });

  it.each([[[1, 2]], ['text'], [null], [7]])('LC-10: has %j, which is no object, under _json', (body) => {
    expect(mergeQuery(body, { q: '1' }).value).toEqual({ _json: body, q: '1' });
  });

  it('takes names with a meaning in JavaScript as data', () => {
    const body = JSON.parse('{"__proto__": {"admin": true}}') as object;
    const query = JSON.parse('{"constructor": "x", "__proto__": "y"}') as Record<string, string>;
    const { value, fromQuery } = mergeQuery(body, query);
    expect(JSON.stringify(value)).toBe('{"__proto__":{"admin":true},"constructor":"x"}');
    expect(fromQuery).toEqual(['constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(JSON.stringify(mergeQuery({}, query).value)).toBe('{"constructor":"x","__proto__":"y"}');
  });

  it('is nothing once retention has taken a large body', () => {
    expect(bodyOf(null, ['tag'])).toBeNull();
  });
});
