import { describe, expect, it } from 'vitest';
import { BodyProblem } from './body-problem.ts';
import { parseXml } from './xml-body.ts';

const read = (text: string | Buffer) => parseXml(Buffer.from(text as string));

function problemOf(text: string | Buffer): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof BodyProblem) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'accepted';
}

const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);

describe('LC-10: XML to JSON', () => {
  it.each<[string, string, unknown]>([
    ['the root is kept, text is text', '<id>7</id>', { id: '7' }],
    ['an empty element is null', '<a/>', { a: null }],
    ['attributes and text', '<a x="1" y="two">t</a>', { a: { '@x': '1', '@y': 'two', '#text': 't' } }],
    ['attributes alone', '<a x=""/>', { a: { '@x': '' } }],
    ['repeated elements are an array, also apart', '<a><b>1</b><c/><b>2</b></a>', { a: { b: ['1', '2'], c: null } }],
    ['text around elements', '<a> one <b/> two </a>', { a: { b: null, '#text': 'one  two' } }],
    ['white space between elements is nothing', '<a>\n  <b> x </b>\n</a>', { a: { b: 'x' } }],
    ['CDATA', '<a><![CDATA[<b> & ]]></a>', { a: '<b> &' }],
    [
      'the predefined entities and character references',
      '<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F418;</a>',
      { a: `<&>"'A🐘` },
    ],
    [
      'comments and instructions',
      '<?xml version="1.0" encoding="UTF-8"?><!-- c --><a><?p i?>1<!-- 2 --></a>',
      { a: '1' },
    ],
    [
      'namespaces stay prefixes',
      '<s:Envelope xmlns:s="urn:s"><s:Body/></s:Envelope>',
      { 's:Envelope': { '@xmlns:s': 'urn:s', 's:Body': null } },
    ],
    ['ASCII under another name', '<?xml version="1.0" encoding="ISO-8859-1"?><a>x</a>', { a: 'x' }],
    ['a byte order mark', '\ufeff<a>1</a>', { a: '1' }],
  ])('%s', (_, text, value) => {
    expect(read(text)).toEqual(value);
  });

  it('keeps names of the prototype as data', () => {
    const value = read('<__proto__><constructor>1</constructor><__proto__ admin="1"/></__proto__>');
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { admin?: unknown })['admin']).toBeUndefined();
    expect(JSON.stringify(value)).toBe('{"__proto__":{"constructor":"1","__proto__":{"@admin":"1"}}}');
  });
});

describe('XML that is refused', () => {
  it.each([
    ['nothing but space', '  '],
    ['text', 'hello'],
    ['an open element', '<a>'],
    ['crossed elements', '<a><b></a></b>'],
    ['two roots', '<a/><b/>'],
    ['text after the root', '<a/>b'],
    ['an attribute twice', '<a x="1" x="2"/>'],
    ['an attribute without quotes', '<a x=1/>'],
    ['an entity that nobody declared', '<a>&file;</a>'],
    ['a lone ampersand', '<a>& </a>'],
    ['a control character', '<a>\u0001</a>'],
    ['a reference to one', '<a>&#0;</a>'],
    ['a DOCTYPE', '<!DOCTYPE a><a/>'],
    ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ['a billion laughs', '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>'],
  ])('%s', (_, text) => {
    expect(problemOf(text)).toBe('422 malformed_xml');
  });

  it('says where it is broken, and that a DOCTYPE is not allowed', () => {
    expect(() => read('<a>\n<b></a>')).toThrow(/not well-formed XML: 2:\d+: unexpected close tag/);
    expect(() => read('<!DOCTYPE a><a/>')).toThrow('A DOCTYPE is not allowed.');
  });

  it('other encodings than UTF-8', () => {
    expect(problemOf(Buffer.from('<a>\xe4</a>', 'latin1'))).toBe('422 invalid_utf8');
    expect(problemOf(Buffer.from('\ufeff<a/>', 'utf16le'))).toBe('422 invalid_utf8');
    expect(problemOf('<?xml version="1.0" encoding="UTF-16"?><a/>')).toBe('415 unsupported_charset');
    expect(problemOf('<?xml version="1.0" encoding="ISO-8859-1"?><a>ä</a>')).toBe('415 unsupported_charset');
  });

  it('GW-07: 64 levels are accepted, 65 refused, a megabyte of them too', () => {
    expect(problemOf(nested(64))).toBe('accepted');
    expect(problemOf(nested(65))).toBe('422 too_deep');
    expect(problemOf('<a>'.repeat(350_000))).toBe('422 too_deep');
  });

  it('GW-07: 10,000 elements and attributes are accepted, one more is refused, quickly', () => {
    const started = performance.now();
    expect(problemOf(`<a>${'<b/>'.repeat(9_999)}</a>`)).toBe('accepted');
    expect(problemOf(`<a>${'<b/>'.repeat(10_000)}</a>`)).toBe('422 too_many_keys');
    const attributes = (count: number) => Array.from({ length: count }, (_, index) => `a${index}=""`).join(' ');
    expect(problemOf(`<a ${attributes(9_999)}/>`)).toBe('accepted');
    expect(problemOf(`<a ${attributes(10_000)}/>`)).toBe('422 too_many_keys');
    for (const filler of ['&lt;', '<![CDATA[x]]>', '<!-- -->', '<?p?>', 'x', ']]', '&#x41;']) {
      problemOf(`<a>${filler.repeat(1_000_000 / filler.length)}</a>`);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
