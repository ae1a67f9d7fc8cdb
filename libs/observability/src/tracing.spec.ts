import { describe, expect, it } from 'vitest';
import { isTracing, parseTraceparent, startWork } from './tracing.ts';

const GOOD = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('OP-01: tracing without an exporter', () => {
  it('passes a parent on unchanged and costs one check', () => {
    expect(isTracing()).toBe(false);
    const work = startWork('x', { parent: GOOD });
    work.set({ a: 1 });
    work.end(new Error('y'));
    expect(work.traceparent).toBe(GOOD);
    expect(startWork('x').traceparent).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    '01-x',
    GOOD.replace('0af7', 'XXXX'),
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `${GOOD}-extra`,
  ])('refuses %s as a traceparent', (text) => {
    expect(parseTraceparent(text)).toBeNull();
  });

  it('reads a W3C traceparent', () => {
    expect(parseTraceparent(GOOD)).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
    });
  });
});
