import { expect, it } from 'vitest';
import { traceparentOf } from './trace-context.rules.ts';

it('OP-01: a well-formed traceparent is passed on, anything else is not', () => {
  const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  expect(traceparentOf(good)).toBe(good);
  for (const bad of [
    undefined,
    '',
    'x',
    [good],
    good.replace('0af7', '0AF7'),
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  ]) {
    expect(traceparentOf(bad)).toBeUndefined();
  }
});
