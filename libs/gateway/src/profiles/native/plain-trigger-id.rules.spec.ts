import { describe, expect, it } from 'vitest';
import { plainTriggerId } from './plain-trigger-id.rules.ts';

const ID = '0197f2c4-7a31-7c33-8a10-2f4d5e6a7b8c';

describe('GW-01: the id that is read off a path', () => {
  it('is what stands behind /t/, with or without a query', () => {
    expect(plainTriggerId(`/t/${ID}`)).toBe(ID);
    expect(plainTriggerId(`/t/${ID}?mode=draft`)).toBe(ID);
    expect(plainTriggerId(`/t/${ID}?`)).toBe(ID);
    expect(plainTriggerId('/t/x')).toBe('x');
  });

  it.each([
    '/t/',
    '/t',
    '/t/?a=1',
    `/T/${ID}`,
    `/t/${ID}/`,
    `/t/${ID}/runs`,
    `/t/${ID}#part`,
    `/t/${ID};v=1`,
    '/t/%61bc',
    '/t/../v1/flows',
    `/t/${ID.toUpperCase()}`,
    `//t/${ID}`,
    `http://host/t/${ID}`,
    `/t/${'a'.repeat(65)}`,
    '*',
    '',
  ])('is left to the framework in %j', (target) => {
    expect(plainTriggerId(target)).toBeNull();
  });
});
