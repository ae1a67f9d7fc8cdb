import { expect, test } from 'vitest';
import { templateValues } from './template-values.rules.ts';

const record = (type: string, input: unknown, output: unknown = null) => ({ type, input, output });

test('CO-01: the templates of a step are told with what they came to', () => {
  const set = { ref: 'm', type: 'set', values: { text: 'Hello {{ web.name }}', list: ['{{ web.n }}'], plain: 'x' } };
  expect(templateValues(set, record('set', null, { text: 'Hello Ann', list: [7], plain: 'x' }))).toEqual([
    { field: 'values.text', template: 'Hello {{ web.name }}', value: 'Hello Ann' },
    { field: 'values.list.0', template: '{{ web.n }}', value: 7 },
  ]);
  const http = {
    ref: 'r',
    type: 'http',
    url: 'https://x/{{ a }}',
    json: { id: '{{ b }}' },
    headers: { 'x-k': '{{ secrets.k }}' },
  };
  const sent = { url: 'https://x/1', headers: { 'x-k': '***' }, body: '{"id":2}' };
  expect(templateValues(http, record('http', sent)).map(({ field, value }) => [field, value])).toEqual([
    ['url', 'https://x/1'],
    ['json.id', 2],
    ['headers.x-k', '***'],
  ]);
});

test('what was not recorded is undefined, and steps inside of a step are left to themselves', () => {
  const loop = {
    ref: 'e',
    type: 'foreach',
    in: '{{ a }}',
    steps: [{ ref: 's', type: 'set', values: { x: '{{ item }}' } }],
  };
  expect(templateValues(loop, record('foreach', { lanes: 2 }))).toEqual([
    { field: 'in', template: '{{ a }}', value: undefined },
  ]);
  const asked = { ref: 'ok', type: 'approval', message: 'Pay {{ n }}?' };
  expect(templateValues(asked, record('approval', null, { message: 'Pay 7?', to: [] }))[0]?.value).toBe('Pay 7?');
});
