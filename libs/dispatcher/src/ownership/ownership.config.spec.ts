import { describe, expect, it } from 'vitest';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { OwnershipConfig } from './ownership.config.ts';

describe('ownership moves within 15 s of a death', () => {
  it('because no lease and the look after its end are longer than that', () => {
    const { leaseMs, beatMs } = new OwnershipConfig();
    expect(leaseMs + 2 * beatMs).toBeLessThan(15_000);
    expect(new DeliveringConfig().leaseMs + 2 * beatMs).toBeLessThan(15_000);
  });
});
