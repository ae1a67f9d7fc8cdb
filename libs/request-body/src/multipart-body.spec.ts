import { describe, expect, it } from 'vitest';
import { BodyProblem } from './body-problem.ts';
import { multipartFiles, readMultipart } from './multipart-body.ts';

const TYPE = 'multipart/form-data; boundary=XX';
const field = (name: string, value: string) =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const part = (header: string, value = '1') => `--XX\r\n${header}\r\n\r\n${value}\r\n`;
const read = (text: string | Buffer, type = TYPE, ids: string[] = []) =>
  readMultipart(Buffer.from(text as string), type, ids);

function problemOf(text: string | Buffer, type = TYPE): string {
  try {
    read(text, type);
  } catch (error) {
    if (error instanceof BodyProblem) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'accepted';
}

/** Random, but the same in every run. */
function randomOf(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => (state = (state * 48271) % 2147483647) % bound;
}

describe('LC-10: multipart bodies', () => {
  it('gives fields as text, repeated names as arrays, files by name, type, size and where they are stored', () => {
    const file = 'Content-Disposition: form-data; name="doc"; filename="a.bin"\r\nContent-Type: image/png';
    const body = Buffer.concat([
      Buffer.from(
        `a preamble\r\n${field('a', '1')}${field('tag', 'x')}${field('tag', 'Zoë\r\n--X')}--XX\r\n${file}\r\n\r\n`,
      ),
      Buffer.from([0, 255, 13, 10, 45, 45, 88]),
      Buffer.from(`\r\n${part(file, '').replace('Content-Type: image/png', 'X-Other: 1')}--XX-- \r\nan epilogue`),
    ]);
    expect(read(body, TYPE, ['id-1'])).toEqual({
      a: '1',
      tag: ['x', 'Zoë\r\n--X'],
      doc: [
        { filename: 'a.bin', contentType: 'image/png', size: 7, payloadId: 'id-1' },
        { filename: 'a.bin', contentType: 'application/octet-stream', size: 0, payloadId: null },
      ],
    });
    expect(multipartFiles(body, TYPE).map(({ bytes }) => [...bytes])).toEqual([[0, 255, 13, 10, 45, 45, 88], []]);
  });

  it.each<[string, string, string, string | null]>([
    ['an unquoted name', 'form-data; name=a', 'a', null],
    ['browsers’ escapes', 'form-data; name="a%22b%0D%0Ac"; filename="x%22.txt"', 'a"b\r\nc', 'x".txt'],
    [
      'curl’s escapes, and backslashes of Windows',
      'form-data; name="a\\"b"; filename="C:\\new\\\\x"',
      'a"b',
      'C:\\new\\x',
    ],
    ['other languages', 'form-data; name="größe"; filename="日本.txt"', 'größe', '日本.txt'],
    ['RFC 5987', "form-data; name=a; filename=x; filename*=UTF-8''%E6%97%A5.txt", 'a', '日.txt'],
    ['semicolons in quotes', 'form-data; name="a;b=c"; filename=";"', 'a;b=c', ';'],
    ['an empty file name', 'form-data; name="a"; filename=""', 'a', ''],
    ['names of the prototype', 'form-data; name="__proto__"', '__proto__', null],
  ])('understands %s', (_, disposition, name, filename) => {
    const value = read(`${part(`content-disposition: ${disposition}`)}--XX--`);
    expect(Object.keys(value)).toEqual([name]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    const shown = Object.values(value)[0];
    const file = { filename, contentType: 'application/octet-stream', size: 1, payloadId: null };
    expect(shown).toEqual(filename === null ? '1' : file);
  });

  it('agrees with the Fetch API of Node.js on random bodies', async () => {
    const random = randomOf(11);
    const pieces = ['x', '\r', '\n', '-', '--', '--X', 'XX', '\r\n', '\r\n--', '\r\n--X', 'ü'];
    for (let round = 0; round < 300; round++) {
      let text = '';
      for (let count = random(4); count >= 0; count--) {
        const value = Array.from({ length: random(8) }, () => pieces[random(pieces.length)]).join('');
        const name = ['a', 'b', 'ü'][random(3)] as string;
        // Node.js takes a boundary for one wherever it stands; RFC 2046 only at the start of a line.
        if (!value.includes('XX')) text += field(name, value);
      }
      const body = Buffer.from(`${text}--XX--\r\n`);
      const form = await new Response(body, { headers: { 'content-type': TYPE } }).formData();
      const expected = Object.fromEntries([...new Set(form.keys())].map((name) => [name, form.getAll(name)]));
      const actual = Object.entries(read(body)).map(([name, value]) => [name, Array.isArray(value) ? value : [value]]);
      expect({ text, fields: Object.fromEntries(actual) }).toEqual({ text, fields: expected });
    }
  });
});

describe('multipart bodies that are refused', () => {
  const good = field('a', '1');
  it.each<[string, string | Buffer, string?]>([
    ['no boundary in the type', `${good}--XX--`, 'multipart/form-data'],
    ['two boundaries in the type', `${good}--XX--`, 'multipart/form-data; boundary=YY; boundary=XX'],
    ['a boundary of more than 70 characters', `${good}--XX--`, `multipart/form-data; boundary=${'x'.repeat(71)}`],
    ['an empty boundary', `${good}--XX--`, 'multipart/form-data; boundary=""'],
    ['another boundary than the type says', `${good}--XX--`, 'multipart/form-data; boundary=ZZ'],
    ['no closing boundary', good],
    ['an end in the middle of a header', '--XX\r\nContent-Disposition: form-data; na'],
    ['only the opening boundary', '--XX'],
    ['a boundary that goes on', `${good}--XXY\r\n--XX--`],
    ['line ends of LF only', `${good}--XX--`.replaceAll('\r\n', '\n')],
    ['a part without Content-Disposition', `${part('Content-Type: text/plain')}--XX--`],
    ['a part without a header', '--XX\r\n\r\n1\r\n--XX--'],
    ['an empty part', '--XX\r\n--XX--'],
    ['an attachment', `${part('Content-Disposition: attachment; name="a"')}--XX--`],
    ['a part without a name', `${part('Content-Disposition: form-data; filename="x"')}--XX--`],
    ['two names', `${part('Content-Disposition: form-data; name="a"; name="b"')}--XX--`],
    ['an open quote', `${part('Content-Disposition: form-data; name="a')}--XX--`],
    [
      'two dispositions',
      `${part('Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b')}--XX--`,
    ],
    ['a folded header', `${part('Content-Disposition: form-data;\r\n name="a"')}--XX--`],
    ['a header line without a colon', `${part('Content-Disposition form-data; name="a"')}--XX--`],
    ['a bare line feed in a header', `${part('Content-Disposition: form-data; name="a\n"')}--XX--`],
    ['base64', `${part('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64')}--XX--`],
    [
      'another charset of a file name',
      `${part("Content-Disposition: form-data; name=a; filename*=ISO-8859-1''%E4")}--XX--`,
    ],
    ['a header of 9 KiB', `${part(`Content-Disposition: form-data; name="a"; x="${'y'.repeat(9_000)}"`)}--XX--`],
  ])('%s', (_, body, type) => {
    expect(problemOf(body, type)).toBe('422 malformed_multipart');
  });

  it('invalid UTF-8 in a field or a name, not in a file', () => {
    const bad = Buffer.from([0xff]);
    const body = (head: string) => Buffer.concat([Buffer.from(head), bad, Buffer.from('\r\n--XX--')]);
    const head = '--XX\r\nContent-Disposition: form-data; name="a"';
    expect(problemOf(body(`${head}\r\n\r\n`))).toBe('422 invalid_utf8');
    expect(problemOf(body(`${head}; filename="`))).toBe('422 malformed_multipart');
    expect(problemOf(body(`${head}; filename="f"\r\n\r\n`))).toBe('accepted');
    const name = Buffer.concat([
      Buffer.from('--XX\r\nContent-Disposition: form-data; name="'),
      bad,
      Buffer.from('"\r\n\r\n1\r\n--XX--'),
    ]);
    expect(problemOf(name)).toBe('422 invalid_utf8');
  });

  it('GW-07: 100 parts are accepted, 101 are refused, and so are 100,000 tiny ones, quickly', () => {
    const many = (count: number) => `${field('a', '1').repeat(count)}--XX--`;
    expect(read(many(100)).a).toHaveLength(100);
    expect(problemOf(many(101))).toBe('422 too_many_parts');
    const started = performance.now();
    expect(problemOf('--XX\r\n'.repeat(170_000))).toBe('422 malformed_multipart');
    expect(problemOf(many(20_000))).toBe('422 too_many_parts');
    for (const filler of [' ', ';', '"', '\\"', 'a=', '; a=']) {
      const header = `Content-Disposition: form-data; name="a"; ${filler.repeat(8_000 / filler.length)}`;
      problemOf(`${part(header).repeat(100)}--XX--`);
      problemOf(good, `multipart/form-data;${filler.repeat(16_000 / filler.length)}`);
    }
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
