import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { BodyBudget } from './body-budget.ts';
import { CallerGoneError, readBodyBytes } from './body-stream.ts';

function incoming(headers: Record<string, string>): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  return request;
}
const CHUNKED = { 'transfer-encoding': 'chunked' };

describe('collecting a body', () => {
  it('costs nothing when there is none', () => {
    const budget = new BodyBudget();
    expect(readBodyBytes(incoming({}), 10, budget)).toHaveLength(0);
    expect(budget.held).toBe(0);
  });

  it('joins its pieces and holds their bytes until they are given back', async () => {
    const budget = new BodyBudget();
    const request = incoming(CHUNKED);
    const body = readBodyBytes(request, 10, budget);
    for (const piece of ['ab', 'c', 'defghij']) request.push(Buffer.from(piece));
    request.push(null);
    expect((await body).toString()).toBe('abcdefghij');
    expect(budget.held).toBe(10);
    budget.give(10);
    expect(budget.held).toBe(0);
  });

  it('is refused at the first byte too many, or by its announced length, and holds nothing then', async () => {
    const budget = new BodyBudget();
    const request = incoming(CHUNKED);
    const body = readBodyBytes(request, 10, budget);
    request.push(Buffer.alloc(8));
    request.push(Buffer.alloc(3));
    await expect(body).rejects.toMatchObject({ code: 'body_too_large', status: 413 });
    await expect(readBodyBytes(incoming({ 'content-length': '11' }), 10, budget)).rejects.toMatchObject({
      status: 413,
    });
    expect(budget.held).toBe(0);
  });

  it('ends when its sender goes away, and holds nothing then', async () => {
    const budget = new BodyBudget();
    const request = incoming({ 'content-length': '10' });
    const body = readBodyBytes(request, 10, budget);
    request.push(Buffer.alloc(8));
    setImmediate(() => request.destroy());
    await expect(body).rejects.toBeInstanceOf(CallerGoneError);
    expect(budget.held).toBe(0);
  });

  it('all bodies together are bounded: past it a body is 503 with the way open again afterwards', async () => {
    const budget = new BodyBudget();
    const others = GATEWAY_LIMITS.maxHeldBodyBytes - 5;
    expect(budget.take(others)).toBe(true);
    const request = incoming(CHUNKED);
    const body = readBodyBytes(request, 100, budget);
    request.push(Buffer.alloc(4));
    request.push(Buffer.alloc(4));
    await expect(body).rejects.toMatchObject({ code: 'overloaded', status: 503 });
    expect(budget.held).toBe(others);
    budget.give(others);
    expect(budget.take(100)).toBe(true);
  });
});
