import { describe, expect, it } from 'vitest';
import { Company } from './company.ts';

/** The wait of the last of so many commits that come at even distances from `fromMs` on. */
function waitAfter(company: Company, fromMs: number, perSecond: number, commits: number): number {
  let waitMs = 0;
  for (let index = 0; index < commits; index++) waitMs = company.waitMsAt(fromMs + (index * 1_000) / perSecond, 1);
  return waitMs;
}

describe('Company', () => {
  it('a commit waits for nobody while few come', () => {
    expect(waitAfter(new Company(3), 0, 100, 50)).toBe(0);
    expect(waitAfter(new Company(3), 0, 390, 200)).toBe(0);
  });

  it('waits the longer the more come, and never longer than it may', () => {
    const some = waitAfter(new Company(3), 0, 700, 300);
    expect(some).toBeGreaterThan(1);
    expect(some).toBeLessThan(2);
    expect(waitAfter(new Company(3), 0, 1_000, 300)).toBeCloseTo(3, 0);
    expect(waitAfter(new Company(3), 0, 20_000, 5_000)).toBe(3);
    expect(waitAfter(new Company(0), 0, 20_000, 5_000)).toBe(0);
  });

  it('waits for nobody more when there is company enough', () => {
    const company = new Company(3);
    waitAfter(company, 0, 2_000, 1_000);
    expect(company.waitMsAt(500, 15)).toBe(3);
    expect(company.waitMsAt(500, 16)).toBe(0);
  });

  it('the first one after a pause waits for nobody', () => {
    const company = new Company(3);
    waitAfter(company, 0, 2_000, 1_000);
    expect(company.waitMsAt(5_000, 0)).toBe(0);
  });
});
