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

test('a secret is found in the forms that filters of templates give it', () => {
  const secret = "Pa/ss'wörd<+>1";
  const upper = secret.toUpperCase();
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const forms: [form: string, masked: string][] = [
    [upper, '***'],
    [secret.toLowerCase(), '***'],
    [Buffer.from(secret).toString('hex'), '***'],
    [Buffer.from(secret).toString('hex').toUpperCase(), '***'],
    ["Pa/ss'w\\u00f6rd<+>1", '***'],
    ['Pa/ss\\u0027wörd\\u003c+\\u003e1', '***'],
    ["Pa\\/ss'wörd<+>1", '***'],
    ['Pa/ss&#39;wörd&lt;+&gt;1', '***'],
    [base64(secret).replace(/=+$/, ''), '***'],
  ];
  for (const [form, masked] of forms) {
    expect(mask(`x=${form};`, [secret])).toBe(`x=${masked};`);
    expect(maskBytes(Buffer.from(`x=${form};`), [secret]).toString()).toBe(`x=${masked};`);
  }
});

test.each(['', 'u', 'us', 'user:', 'a user: '])(
  'base64 that began with %j before the secret does not show it',
  (before) => {
    for (const after of ['', '!', ' and more']) {
      const text = Buffer.from(`${before}s3cret-value${after}`).toString('base64');
      const masked = mask({ [text]: text }, ['s3cret-value']);
      for (const each of Object.entries(masked).flat()) {
        expect(each).toContain('***');
        expect(Buffer.from(each.replace('***', ''), 'base64').toString('latin1')).not.toMatch(/cret|valu/);
      }
    }
  },
);

test('a secret that ends with a line break is found without it', () => {
  expect(mask('got s3cret-value!', ['s3cret-value\n'])).toBe('got ***!');
});

test('letters that are two in lower case do not move what is masked', () => {
  expect(mask('İİ S3cret-Value İ', ['S3cret-Value'])).toBe('İİ *** İ');
});
