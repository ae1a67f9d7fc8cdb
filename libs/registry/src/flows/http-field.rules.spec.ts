import { describe, expect, it } from 'vitest';
import { problemOfCode } from './code-source.rules.ts';
import { flowProblems } from './flow.rules.ts';

const at = '/steps/0';
const pointersOf = (fields: Record<string, unknown>): string[] =>
  flowProblems({ steps: [{ ref: 'a', url: 'https://x.example', type: 'http', ...fields }] }).map(
    ({ pointer }) => pointer,
  );

describe('an http step', () => {
  it.each([
    { query: { a: '{{ trigger.body.a }}', b: [1] } },
    { query: '{{ trigger.query }}', form: { a: 1 } },
    { auth: { type: 'bearer', token: '{{ secrets.k }}' }, answer: 'file', redirects: 3 },
    { auth: { type: 'basic', user: 'u', password: '{{ secrets.k }}' }, expect: [200, '3xx', '404'] },
    { auth: { type: 'header', name: 'x-key', value: '{{ secrets.k }}' }, text: 'x' },
    { url: 'HTTP://x.example:81/a?b#c' },
    { url: '{{ secrets.url }}/x' },
    { json: 'secrets: {{ secrets.a }} {{ secrets["b c"] }} {{ "secrets" }} {{ trigger.body.secrets }}' },
    { paginate: { by: 'link' } },
    { paginate: { by: 'cursor', next: '{{ page.body.next }}', param: 'after', collect: '{{ page.body.items }}' } },
    { paginate: { by: 'page', start: 0, maxPages: 100 } },
  ])('may have %j', (fields) => expect(pointersOf(fields)).toEqual([]));

  it.each<[Record<string, unknown>, string[]]>([
    [{ url: 'shop.example/orders' }, [`${at}/url`]],
    [{ url: 'ftp://shop.example' }, [`${at}/url`]],
    [{ url: 'https://' }, [`${at}/url`]],
    [{ headers: { Host: 'x', 'Content-Length': '1' } }, [`${at}/headers/Host`, `${at}/headers/Content-Length`]],
    [{ headers: { 'Sluice-Hops': '0' } }, [`${at}/headers/Sluice-Hops`]],
    [{ json: '{{ secrets }}' }, [`${at}/json`]],
    [{ json: { k: '{{ secrets["a" ~ "b"] }}' } }, [`${at}/json/k`]],
    [{ text: '{% for name in secrets %}{{ name }}{% endfor %}' }, [`${at}/text`]],
    [{ query: [1] }, [`${at}/query`]],
    [{ form: 'a=1' }, [`${at}/form`]],
    [{ json: 1, form: {} }, [at]],
    [{ auth: 'Bearer x' }, [`${at}/auth`]],
    [{ auth: { type: 'oauth' } }, [`${at}/auth/type`]],
    [{ auth: { type: 'toString' } }, [`${at}/auth/type`]],
    [{ auth: { type: 'bearer', tokn: 'x' } }, [`${at}/auth/tokn`, `${at}/auth/token`]],
    [{ auth: { type: 'header', name: 'a b', value: 'x' } }, [`${at}/auth/name`]],
    [{ auth: { type: 'bearer', token: '{{ x }' } }, [`${at}/auth/token`]],
    [{ answer: 'xml' }, [`${at}/answer`]],
    [{ expect: 200 }, [`${at}/expect`]],
    [{ expect: [200, '6xx', 99] }, [`${at}/expect/1`, `${at}/expect/2`]],
    [{ redirects: 11 }, [`${at}/redirects`]],
    [{ redirects: true }, [`${at}/redirects`]],
    [{ paginate: 'link' }, [`${at}/paginate`]],
    [{ paginate: { by: 'offset' } }, [`${at}/paginate/by`]],
    [{ paginate: { by: 'cursor' } }, [`${at}/paginate/next`]],
    [{ paginate: { by: 'link', next: '{{ page.body }}' } }, [`${at}/paginate/next`]],
    [{ paginate: { by: 'link', collect: '{{ pages }}' } }, [`${at}/paginate/collect`]],
    [{ paginate: { by: 'link', maxPages: 101, max: 1 } }, [`${at}/paginate/max`, `${at}/paginate/maxPages`]],
  ])('may not have %j', (fields, pointers) => expect(pointersOf(fields)).toEqual(pointers));
});

describe('a code step', () => {
  const problemsOf = (fields: Record<string, unknown>) =>
    flowProblems({ steps: [{ ref: 'a', type: 'code', ...fields }] });

  it('is checked when it is saved', () => {
    expect(problemsOf({ source: 'return input.n + 1', input: { n: '{{ trigger.body.n }}' }, timeout: 'PT2S' })).toEqual(
      [],
    );
    expect(problemsOf({})).toMatchObject([{ pointer: `${at}/source` }]);
    expect(problemsOf({ source: 7 })).toMatchObject([{ pointer: `${at}/source` }]);
    expect(problemsOf({ source: 'x'.repeat(65_537) })).toMatchObject([{ message: expect.stringContaining('65536') }]);
    expect(problemsOf({ source: 'const a = {{ trigger }};' })).toMatchObject([{ pointer: `${at}/source` }]);
    expect(problemsOf({ source: 'return 1', imput: 1 })).toMatchObject([
      { message: expect.stringContaining('"input"') },
    ]);
  });

  it('is told the line of what does not parse, and nothing of it runs', () => {
    expect(problemOfCode('return 1;\nlet = ;')).toMatch(/^line 2: /);
    expect(problemOfCode('await 1; return globalThis.ran = true')).toBeNull();
    expect(problemOfCode('}); globalThis.ran = true; (async function () {')).toBeNull();
    expect(Reflect.get(globalThis, 'ran')).toBeUndefined();
    expect(problemOfCode('('.repeat(60_000))).toEqual(expect.any(String));
  });
});
