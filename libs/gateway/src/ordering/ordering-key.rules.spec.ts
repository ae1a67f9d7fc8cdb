import { compileTemplate } from '@sluice/templates';
import { describe, expect, it } from 'vitest';
import { keyOfTemplate, orderingKeyOf } from './ordering-key.rules.ts';

const context = {
  body: { customer: 7, name: ' Acme ', nothing: null, list: [1, 'x'], long: 'y'.repeat(300) },
  query: { shop: '2' },
  headers: { 'x-tenant': 't1' },
  method: 'POST',
};
const keyOf = (source: string) => keyOfTemplate(compileTemplate(source), context);

describe('GW-10: the ordering key of a request', () => {
  it.each<[string, string | null]>([
    ['{{ body.customer }}', '7'],
    ['{{ body.name }}', 'Acme'],
    ['{{ query.shop }}/{{ body.customer }}', '2/7'],
    ["{{ headers['x-tenant'] }}", 't1'],
    ['{{ body.list }}', '[1,"x"]'],
    ['{{ body.missing.deeper }}', null],
    ['{{ body.nothing }}', null],
    ['{% if false %}x{% endif %}', null],
  ])('of %s is %s', (source, key) => {
    expect(keyOf(source)).toBe(key);
  });

  it('is a hash when it is long', () => {
    expect(keyOf('{{ body.long }}')).toMatch(/^[0-9a-f]{64}$/);
    expect(keyOf('{{ body.long }}')).not.toBe(keyOf('{{ body.long }}!'));
  });

  it('that cannot be had refuses the request', () => {
    for (const source of ['{{ 1 / (body.customer - 7) }}', '{% for i in range(100000) %}x{% endfor %}']) {
      expect(() => keyOf(source)).toThrow(expect.objectContaining({ code: 'invalid_ordering_key' }) as Error);
    }
  });

  it('belongs to its app, and to drafts or to what is live', () => {
    const keys = [orderingKeyOf('a', 'live', 'k'), orderingKeyOf('b', 'live', 'k'), orderingKeyOf('a', 'draft', 'k')];
    expect(new Set(keys).size).toBe(3);
  });
});
