import { DEFAULT_BODY_LIMITS, WIDEST_BODY_LIMITS } from '@sluice/request-body';
import type { Pool } from 'pg';
import { expect, it } from 'vitest';
import { RunInputs } from './run-input.ts';

const members = (count: number): Buffer =>
  Buffer.from(`{${Array.from({ length: count }, (_, n) => `"k${n}":0`).join(',')}}`);

it('GW-07: what a gateway with raised limits has accepted, a runner reads, whatever its own limits are', () => {
  const inputs = new RunInputs({} as Pool);
  for (const count of [DEFAULT_BODY_LIMITS.maxKeys + 1, WIDEST_BODY_LIMITS.maxKeys]) {
    const read = inputs.ofBody('json', members(count));
    expect('value' in read && Object.keys(read.value as object)).toHaveLength(count);
  }
});
