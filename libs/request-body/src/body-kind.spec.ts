import { describe, expect, it } from 'vitest';
import { bodyKindOf } from './body-kind.ts';
import { BodyProblem } from './body-problem.ts';
import { readBody } from './read-body.ts';

function kindOf(type: string | undefined, body: string): string {
  try {
    return bodyKindOf(type, Buffer.from(body));
  } catch (error) {
    if (error instanceof BodyProblem) return `${error.status} ${error.code}`;
    throw error;
  }
}

describe('how a native trigger reads a body', () => {
  it.each<[string | undefined, string, string]>([
    ['application/json', '{}', 'json'],
    ['Application/JSON; charset=utf-8', '1', 'json'],
    ['application/vnd.github+json', '{}', 'json'],
    ['text/json', 'no json', 'json'],
    ['application/x-www-form-urlencoded', 'a=1', 'form'],
    ['application/x-www-form-urlencoded;charset=UTF-8', 'flag', 'form'],
    ['application/x-www-form-urlencoded', '{"a":1}', 'json'],
    ['application/x-www-form-urlencoded', '[1]', 'json'],
    ['text/plain', '{"a":1}', 'json'],
    ['text/plain', 'a=1', 'form'],
    [undefined, '{"a":1}', 'json'],
    [undefined, 'a=1', 'form'],
    [undefined, '', 'empty'],
    ['application/xml', '', 'empty'],
    [undefined, 'hello', '415 unsupported_content_type'],
    ['text/plain', 'hello', '415 unsupported_content_type'],
    ['application/xml', '<a b="1"/>', '415 unsupported_content_type'],
    ['multipart/form-data; boundary=x', '--x\r\na=1', '415 unsupported_content_type'],
    ['application/octet-stream', '{"a":1}', '415 unsupported_content_type'],
    ['nonsense', '{"a":1}', '415 unsupported_content_type'],
  ])('%s with %j is %s', (type, body, expected) => {
    expect(kindOf(type, body)).toBe(expected);
  });

  it('reads each kind to plain data, an empty body as {}', () => {
    expect(readBody('json', Buffer.from('[1]'))).toEqual([1]);
    expect(readBody('form', Buffer.from('a=1&a=2'))).toEqual({ a: ['1', '2'] });
    expect(readBody('empty', Buffer.alloc(0))).toEqual({});
  });
});
