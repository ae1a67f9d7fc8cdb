import { describe, expect, it } from 'vitest';
import { recordedText } from './recorded-text.ts';

const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2;

describe('recorded bodies', () => {
  it('are whole up to the limit', () => {
    expect(recordedText(Buffer.from('zażółć'), 100)).toEqual({ text: 'zażółć', truncated: false });
    const exact = 'x'.repeat(1000);
    expect(recordedText(exact, 1000)).toEqual({ text: exact, truncated: false });
  });

  it.each([
    ['plain text', Buffer.alloc(2_000_000, 'x')],
    ['control characters, six bytes each in JSON', Buffer.alloc(1_000_000, 1)],
    ['bytes that are no text', Buffer.alloc(1_000_000, 0xff)],
    ['surrogate pairs', Buffer.from('🙂'.repeat(200_000))],
  ])('are cut to the limit of their JSON: %s', (_, bytes) => {
    const { text, truncated } = recordedText(bytes, 100_000);
    expect(truncated).toBe(true);
    expect(jsonBytes(text)).toBeLessThanOrEqual(100_000);
    expect(jsonBytes(text)).toBeGreaterThan(90_000);
  });

  it('of an answer of many bytes only the beginning is made text, cut between characters', () => {
    const { text, truncated } = recordedText(Buffer.from('aé'.repeat(500_000)), 1_000);
    expect(truncated).toBe(true);
    expect(text).toMatch(/^(aé)+a?$/);
    expect(Buffer.byteLength(text)).toBeGreaterThan(990);
    expect(recordedText(Buffer.alloc(1_000_000), 1_000)).toEqual({ text: '\u0000'.repeat(166), truncated: true });
  });
});
