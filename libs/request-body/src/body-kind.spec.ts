import { describe, expect, it } from 'vitest';
import { bodyKindOf } from './body-kind.ts';
import { BodyProblem } from './body-problem.ts';
import type { BodyProfile } from './body-rules.ts';
import { readBody } from './read-body.ts';

function kindOf(type: string | undefined, body: string | Buffer, profile?: BodyProfile): string {
  try {
    return bodyKindOf(type, Buffer.from(body as string), profile);
  } catch (error) {
    if (error instanceof BodyProblem) return `${error.status} ${error.code}`;
    throw error;
  }
}

const XML = '<a b="1"/>';
const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data; boundary=x';
const REFUSED = '415 unsupported_content_type';

describe('LC-10: how each profile reads a body', () => {
  it.each<[string | undefined, string, string, string, string, string]>([
    // Content-Type, body, and what it is for: native, flow, listener (LN-05), run (LT-04)
    ['application/json', '{}', 'json', 'json', 'json', 'json'],
    ['Application/JSON; charset=utf-8', '1', 'json', 'json', 'json', 'json'],
    ['application/vnd.github+json', '{}', 'json', 'json', 'json', 'json'],
    ['text/json', 'no json', 'json', 'json', 'json', 'json'],
    [FORM, 'a=1', 'form', 'form', 'form', 'json'],
    [`${FORM};charset=UTF-8`, 'flag', 'form', 'form', 'form', 'json'],
    [FORM, '{"a":1}', 'json', 'json', 'json', 'json'],
    [FORM, '[1]', 'json', 'json', 'json', 'json'],
    [FORM, '\ufeff{"a":1}', 'json', 'json', 'json', 'json'],
    ['text/plain', '{"a":1}', 'json', 'json', 'json', 'json'],
    ['text/plain', 'a=1', 'form', 'form', 'form', 'json'],
    ['text/plain', 'hello', REFUSED, REFUSED, REFUSED, 'json'],
    [undefined, '{"a":1}', 'json', 'json', 'json', 'json'],
    [undefined, 'a=1', 'form', 'form', 'form', 'json'],
    [undefined, 'hello', REFUSED, REFUSED, REFUSED, 'json'],
    [undefined, '', 'empty', 'empty', 'empty', 'empty'],
    ['application/xml', '', 'empty', 'empty', 'empty', 'empty'],
    ['application/xml', XML, 'xml', 'xml', REFUSED, 'json'],
    ['text/xml; charset=utf-8', XML, 'xml', 'xml', REFUSED, 'json'],
    ['application/soap+xml', XML, 'xml', 'xml', REFUSED, 'json'],
    ['application/xml', '{"a":1}', 'xml', 'xml', REFUSED, 'json'],
    [MULTIPART, '--x\r\na=1', 'multipart', 'multipart', 'multipart', 'json'],
    [MULTIPART, '{"a":1}', 'multipart', 'json', 'json', 'json'],
    ['application/octet-stream', '{"a":1}', REFUSED, 'json', 'json', 'json'],
    ['application/octet-stream', 'a=1', REFUSED, 'form', 'form', 'json'],
    ['application/octet-stream', '\0\0', REFUSED, REFUSED, REFUSED, 'json'],
    ['nonsense', '{"a":1}', REFUSED, 'json', 'json', 'json'],
  ])('%s with %j', (type, body, native, flow, listener, run) => {
    const kinds = (['native', 'flow', 'listener', 'run'] as const).map((profile) => kindOf(type, body, profile));
    expect(kinds).toEqual([native, flow, listener, run]);
  });

  it.each([
    ['utf8', 'ä', 'json'],
    ['"UTF-8"', 'ä', 'json'],
    ['ISO-8859-1', 'ascii', 'json'],
    ['windows-1252', 'ascii', 'json'],
    ['ISO-8859-1', 'ä', '415 unsupported_charset'],
    ['utf-16', 'ascii', '415 unsupported_charset'],
    ['utf-7', 'ascii', '415 unsupported_charset'],
    ['klingon', 'ascii', '415 unsupported_charset'],
  ])('charset %s with %j is %s', (charset, body, expected) => {
    expect(kindOf(`application/json; charset=${charset}`, body)).toBe(expected);
  });
});

describe('reading a body', () => {
  it('gives plain data of every kind, an empty body as {}', () => {
    expect(readBody('json', Buffer.from('[1]'))).toEqual([1]);
    expect(readBody('form', Buffer.from('a=1&a=2'))).toEqual({ a: ['1', '2'] });
    expect(readBody('xml', Buffer.from('<a>1</a>'))).toEqual({ a: '1' });
    const part = '--x\r\nContent-Disposition: form-data; name=f; filename=n\r\n\r\n1\r\n--x--';
    expect(readBody('multipart', Buffer.from(part), { contentType: MULTIPART, fileIds: ['p'] })).toEqual({
      f: { filename: 'n', contentType: 'application/octet-stream', size: 1, payloadId: 'p' },
    });
    expect(readBody('empty', Buffer.alloc(0))).toEqual({});
  });

  it('LC-10, LN-05: what is no object becomes {"_json": …} for flow and listener', () => {
    for (const profile of ['flow', 'listener'] as const) {
      for (const text of ['[1,{"a":2}]', '"text"', '7', 'null', 'true']) {
        expect(readBody('json', Buffer.from(text), { profile })).toEqual({ _json: JSON.parse(text) });
      }
      expect(readBody('json', Buffer.from('{"a":1}'), { profile })).toEqual({ a: 1 });
    }
    expect(readBody('json', Buffer.from('null'), { profile: 'run' })).toBeNull();
  });
});
