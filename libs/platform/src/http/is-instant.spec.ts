import { validateSync } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { IsInstant } from './is-instant.ts';

class Query {
  @IsInstant()
  since: unknown;
}

const refused = (since: unknown): boolean => validateSync(Object.assign(new Query(), { since })).length > 0;

describe('a time in a query', () => {
  it.each([
    '2026-11-23',
    '2028-02-29T23:59Z',
    '2026-11-23T10:00Z',
    '2026-11-23T10:00:00.123456789+01:00',
    '8087-02-03t02:16:14-23:27',
  ])('is %s', (text) => expect(refused(text)).toBe(false));

  it.each([
    '2026-W48-1',
    '20261123',
    '2026-11-23T10:00:00',
    '2026-13-01',
    '2026-02-30',
    '2027-02-29T00:00:00Z',
    '2026-11-23T10:00:00+25:00',
    'now',
    '',
    5,
    null,
  ])('is not %s', (value) => expect(refused(value)).toBe(true));
});
