import { describe, expect, it } from 'vitest';
import type { Admission, AdmissionCheck, EarlyAnswer } from './admission.ts';
import { checkInOrder } from './admission-order.ts';

const admission = {} as Admission;
const answer: EarlyAnswer = () => undefined;

/** Checks that write down that they were asked. */
function noted(asked: string[], verdicts: Record<string, () => ReturnType<AdmissionCheck['check']>>): AdmissionCheck[] {
  return Object.entries(verdicts).map(([name, verdict]) => ({
    check() {
      asked.push(name);
      return verdict();
    },
  }));
}

describe('the checks on the way in', () => {
  it('are asked in order and without a promise while none of them gives one', () => {
    const asked: string[] = [];
    const nothing = (): undefined => undefined;
    expect(checkInOrder(noted(asked, { a: nothing, b: nothing, c: nothing }), admission)).toBeNull();
    expect(asked).toEqual(['a', 'b', 'c']);
  });

  it('go on after one that had to ask somebody', async () => {
    const asked: string[] = [];
    const checks = noted(asked, { a: async () => undefined, b: () => undefined, c: async () => undefined });
    expect(await checkInOrder(checks, admission)).toBeNull();
    expect(asked).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['at once', () => answer],
    ['later', async () => answer],
  ])('end with the first that answers %s', async (_, verdict) => {
    const asked: string[] = [];
    const checks = noted(asked, { a: async () => undefined, b: verdict, c: () => undefined });
    expect(await checkInOrder(checks, admission)).toBe(answer);
    expect(asked).toEqual(['a', 'b']);
  });

  it('end with the first that refuses, at once or later', async () => {
    const refuse = (): never => {
      throw new Error('no');
    };
    const asked: string[] = [];
    expect(() => checkInOrder(noted(asked, { a: refuse, b: () => undefined }), admission)).toThrow('no');
    const later = checkInOrder(noted(asked, { c: async () => refuse(), d: () => undefined }), admission);
    await expect(later).rejects.toThrow('no');
    expect(asked).toEqual(['a', 'c']);
  });
});
