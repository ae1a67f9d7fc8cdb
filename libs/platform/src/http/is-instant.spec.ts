import { validateSync } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { IsInstant, IsNotBefore } from './is-instant.ts';

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

class Range {
  since: unknown;

  @IsInstant()
  @IsNotBefore('since')
  until: unknown;
}

describe('a range of times', () => {
  const problems = (since: unknown, until: unknown): string[] =>
    validateSync(Object.assign(new Range(), { since, until })).flatMap(({ constraints }) =>
      Object.values(constraints ?? {}),
    );

  it.each([
    ['2026-11-23', '2026-11-24'],
    ['2026-11-23T12:00:00Z', '2026-11-23T12:00:00Z'],
    ['2026-11-23T12:00:00+02:00', '2026-11-23T10:30:00Z'],
    [undefined, '2026-11-23'],
  ])('is from %s to %s', (since, until) => expect(problems(since, until)).toEqual([]));

  it.each([
    ['2026-11-24', '2026-11-23'],
    ['2026-11-23T12:00:00.001Z', '2026-11-23T12:00:00Z'],
    ['2026-11-23T12:00:00Z', '2026-11-23T12:30:00+02:00'],
  ])('is none from %s to %s', (since, until) => {
    expect(problems(since, until)).toEqual(['must not be before since']);
  });

  it('has one problem where one of its ends is no time', () => {
    expect(problems('2026-11-24', 'yesterday')).toEqual(['must be a time (RFC 3339)']);
    expect(problems('tomorrow', '2026-11-23')).toEqual([]);
  });
});
