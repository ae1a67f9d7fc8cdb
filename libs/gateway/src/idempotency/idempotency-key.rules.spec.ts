import { compileTemplate } from '@sluice/templates';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, keyOfExpression, keyOfHeader, storedKey } from './idempotency-key.rules.ts';

const context = {
  body: { order_id: 7, text: ' a ', list: [1, 'x'], nothing: null, empty: '' },
  query: { part: '2' },
  headers: { 'x-event': 'e-1' },
  method: 'POST',
};
const keyOf = (source: string) => keyOfExpression(compileTemplate(source), context);

describe('GW-05: the idempotency key', () => {
  it('of the header is its text, 1 to 255 visible characters', () => {
    expect(keyOfHeader(undefined)).toBeNull();
    expect(keyOfHeader('"8e03978e"')).toBe('"8e03978e"');
    expect(keyOfHeader('k'.repeat(255))).toHaveLength(255);
    for (const wrong of ['', 'k'.repeat(256), 'tab\tbed', 'Zoë']) {
      expect(() => keyOfHeader(wrong)).toThrow(expect.objectContaining({ code: 'invalid_idempotency_key' }) as Error);
    }
  });

  it('of an expression is what it gives, numbers and text alike, or none', () => {
    expect(keyOf('{{ body.order_id }}')).toBe('7');
    expect(keyOf('{{ body.order_id }}-{{ query.part }}')).toBe('7-2');
    expect(keyOf("{{ headers['x-event'] }}")).toBe('e-1');
    expect(keyOf('{{ body.list }}')).toBe('[1,"x"]');
    expect(keyOf('{{ body.text }}')).toBe('a');
    for (const none of ['{{ body.nothing }}', '{{ body.empty }}', '{{ body.missing.deeper }}']) {
      expect(keyOf(none)).toBeNull();
    }
  });

  it('an expression that cannot be applied, or does not end, is refused', () => {
    for (const source of [
      '{{ 1 / (body.order_id - 7) }}',
      '{% for i in range(100000) %}{{ body.order_id }}{% endfor %}',
    ]) {
      expect(() => keyOf(source)).toThrow(expect.objectContaining({ code: 'invalid_idempotency_key' }) as Error);
    }
  });

  it('is remembered by trigger, mode and source', () => {
    const keys = [
      storedKey('t1', 'live', 'header', 'k'),
      storedKey('t2', 'live', 'header', 'k'),
      storedKey('t1', 'draft', 'header', 'k'),
      storedKey('t1', 'live', 'expression', 'k'),
      storedKey('t1', 'live', 'header', 'l'),
    ];
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(5);
    expect(keys[0]).toHaveLength(32);
  });

  it('a multipart body that is sent again with another boundary is the same', () => {
    const sent = (boundary: string, value: string) =>
      fingerprintOf(
        Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="a"\r\n\r\n${value}\r\n--${boundary}--`),
        '/t/1',
        `multipart/form-data; boundary="${boundary}"`,
      );
    expect(sent('x1', '7')).toEqual(sent('y22', '7'));
    expect(sent('x1', '7')).not.toEqual(sent('x1', '8'));
  });

  it('GW-05: another body is another request; a query counts only where there is no body', () => {
    const print = (body: string, url: string) => fingerprintOf(Buffer.from(body), url).toString('hex');
    expect(print('{}', '/t/1')).not.toBe(print('{ }', '/t/1'));
    expect(print('{}', '/t/1?try=2')).toBe(print('{}', '/other'));
    expect(print('', '/t/1?a=1')).not.toBe(print('', '/t/1?a=2'));
    expect(print('', '/t/1?a=1')).toBe(print('', '/t/1?a=1'));
  });
});
