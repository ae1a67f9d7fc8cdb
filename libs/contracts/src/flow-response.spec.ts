import { describe, expect, it } from 'vitest';
import { responseContentOf, responseStatusOf } from './flow-response.ts';

describe('LC-11: the response of a flow', () => {
  it.each([
    ['200', 200],
    [' 404\n', 404],
    [599, 599],
    ['199', null],
    ['600', null],
    ['2000', null],
    ['20', null],
    ['2e2', null],
    ['', null],
    [true, null],
    [null, null],
    [undefined, null],
    [[200], null],
  ])('has of %j the status %j', (rendered, status) => expect(responseStatusOf(rendered)).toBe(status));

  it.each([
    ['{"a": 1}', 'application/json', '{"a": 1}'],
    [' [1]\n', 'application/json', ' [1]\n'],
    ['7', 'application/json', '7'],
    ['"x"', 'application/json', '"x"'],
    ['null', 'application/json', 'null'],
    ['{"a": }', 'text/plain; charset=utf-8', '{"a": }'],
    ['true story', 'text/plain; charset=utf-8', 'true story'],
    ['', 'text/plain; charset=utf-8', ''],
    [{ a: 'ü' }, 'application/json', '{"a":"ü"}'],
    [7, 'application/json', '7'],
    [undefined, 'application/json', 'null'],
  ])('is %j sent as %s', (rendered, contentType, body) =>
    expect(responseContentOf(rendered)).toEqual({ contentType, body }),
  );
});
