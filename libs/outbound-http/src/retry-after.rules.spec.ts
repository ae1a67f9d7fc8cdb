import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.rules.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    [' 30 ', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['Sunday, 22-Nov-26 12:00:05 GMT', 5000],
    // UTC as well: this one fails without it where the machine's zone is another.
    ['Sun Nov 22 12:00:07 2026', 7000],
    ['Sun, 22 Nov 2026 14:00:08 +0200', 8000],
    ['9999999999', 604_800_000],
    ['9'.repeat(400), 604_800_000],
  ])('%j is %d ms', (text, ms) => expect(retryAfterMs(text, NOW)).toBe(ms));

  it.each([undefined, '', '-5', '1.5', '12h', 'tomorrow', 'after 3600', 'soon 2030', 'wait 120', 'May 2030'])(
    '%j is none',
    (text) => {
      expect(retryAfterMs(text, NOW)).toBeNull();
    },
  );
});
