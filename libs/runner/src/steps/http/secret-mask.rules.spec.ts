import { expect, test } from 'vitest';
import { mask, maskBytes } from './secret-mask.rules.ts';

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

test('a secret is found in the forms in which a receiver repeats it', () => {
  const secret = 'a b/"c"&ü';
  const forms = [
    secret,
    JSON.stringify(secret),
    encodeURIComponent(secret),
    new URLSearchParams({ s: secret }).toString(),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ];
  expect(mask({ body: forms.join(' ') }, [secret])).toEqual({ body: '*** "***" *** s=*** *** ***' });
});

test('a secret is found as Python and others write it into a URL', () => {
  const secret = 'p(a)ss/wörd +1!';
  const forms = ['p%28a%29ss/w%C3%B6rd%20%2B1%21', 'p%28a%29ss%2Fw%C3%B6rd+%2B1%21', 'p(a)ss%2fw%c3%b6rd%20%2b1!'];
  expect(mask(forms, [secret])).toEqual(['***', '***', '***']);
});

test('a secret is found in the bytes of a file, as often as it is there', () => {
  const bytes = Buffer.concat([Buffer.from([0, 255]), Buffer.from('s3cret,s3cret'), Buffer.from([1])]);
  expect(maskBytes(bytes, ['s3cret'])).toEqual(
    Buffer.concat([Buffer.from([0, 255]), Buffer.from('***,***'), Buffer.from([1])]),
  );
  expect(maskBytes(bytes, ['other'])).toBe(bytes);
});
