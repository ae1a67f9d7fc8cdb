import { describe, expect, it } from 'vitest';
import { parseDurationMs, RESERVED_REFS, STEP_SCHEMAS } from './flow-steps.ts';

describe('an ISO 8601 duration', () => {
  it.each([
    ['PT0S', 0],
    ['PT5S', 5_000],
    ['PT0.25S', 250],
    ['PT1M30S', 90_000],
    ['PT2H', 7_200_000],
    ['P1D', 86_400_000],
    ['P1DT1S', 86_401_000],
    ['P2W', 1_209_600_000],
  ])('%s is %d ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it.each([
    '',
    'P',
    'PT',
    'P1DT',
    '5',
    '5s',
    'P1Y',
    'P1M',
    'PT-5S',
    '-PT5S',
    'PT5',
    'pt5s',
    ' PT5S',
    'PT99999999999999999S',
  ])('refuses %j', (text) => expect(parseDurationMs(text)).toBeNull());
});

describe('the schema of steps', () => {
  it('names only its own fields in its groups', () => {
    for (const schema of Object.values(STEP_SCHEMAS)) {
      for (const name of [...(schema.exactlyOne ?? []), ...(schema.atMostOne ?? [])]) {
        expect(Object.keys(schema.fields)).toContain(name);
      }
    }
  });

  it('reserves the roots of templates', () => {
    expect(RESERVED_REFS).toEqual(expect.arrayContaining(['trigger', 'flow', 'run', 'secrets']));
  });
});
