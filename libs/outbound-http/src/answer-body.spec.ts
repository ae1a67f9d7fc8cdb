import { describe, expect, it } from 'vitest';
import { AnswerBody } from './answer-body.ts';

function bodyOf(chunks: readonly Buffer[]): AnswerBody {
  const body = new AnswerBody();
  for (const chunk of chunks) body.add(chunk);
  return body;
}

describe('DL-08: the body of an answer', () => {
  it.each([0, 1, 2, 16, 17, 18, 1_000])('is what came, in %i chunks', (count) => {
    const chunks = Array.from({ length: count }, (_, index) => Buffer.from(`${index}, `.repeat(index % 7)));
    expect(bodyOf(chunks).bytes().toString()).toBe(Buffer.concat(chunks).toString());
  });

  it('that comes as one chunk is not copied', () => {
    const chunk = Buffer.from('whole');
    expect(bodyOf([chunk]).bytes()).toBe(chunk);
  });

  it('dripped byte by byte holds none of the memory that the chunks came in', () => {
    const page = Buffer.alloc(4_096, 'x');
    const chunks = Array.from({ length: 1_000 }, (_, index) => page.subarray(index, index + 1));
    const bytes = bodyOf(chunks).bytes();
    expect(bytes.toString()).toBe('x'.repeat(1_000));
    expect(bytes.buffer).not.toBe(page.buffer);
    expect(bytes.buffer.byteLength).toBeLessThan(2_100);
  });
});
