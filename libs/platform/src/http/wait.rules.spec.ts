import { expect, test } from 'vitest';
import { waitMs } from './wait.rules.ts';

test.each([
  ['30s', 30_000],
  ['0.5s', 500],
  ['250ms', 250],
  ['1m', 60_000],
  ['5', 5_000],
  ['PT30S', 30_000],
  ['60s', 60_000],
  ['0s', 0],
])('wait %s is %d ms', (text, ms) => {
  expect(waitMs(text)).toBe(ms);
});

test.each(['61s', '2m', 'PT2M', '-5s', 'soon', '', '1e3', '30 s', '99999999s'])('wait %j is refused', (text) => {
  expect(waitMs(text)).toBeNull();
});
