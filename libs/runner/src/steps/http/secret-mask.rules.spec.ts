import { expect, test } from 'vitest';
import { mask } from './secret-mask.rules.ts';

test('a receiver that echoes what it was sent does not bring the secret into the record', () => {
  const echoed = { output: { headers: { 'x-echo': 'Bearer s3cret-value' }, body: { list: ['s3cret-value', 7] } } };
  expect(mask(echoed, ['s3cret-value'])).toEqual({
    output: { headers: { 'x-echo': 'Bearer ***' }, body: { list: ['***', 7] } },
  });
});

test('without secrets the answer is passed on untouched', () => {
  const answer = { output: { body: { a: 1 } } };
  expect(mask(answer, [])).toBe(answer);
});

test('a very short secret is not looked for, because it would blot out everything', () => {
  expect(mask({ body: 'a banana' }, ['a'])).toEqual({ body: 'a banana' });
});
