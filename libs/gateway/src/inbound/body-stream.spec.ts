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
const CLIENT = () => '198.51.100.1';
const CHUNKED = { 'transfer-encoding': 'chunked' };

describe('collecting a body', () => {
  it('costs nothing when there is none', () => {
    const budget = new BodyBudget();
    expect(readBodyBytes(incoming({}), 10, budget, CLIENT)).toHaveLength(0);
    expect(budget.held).toBe(0);
  });

  it('joins its pieces and holds their bytes until they are given back', async () => {
    const budget = new BodyBudget();
    const request = incoming(CHUNKED);
    const body = readBodyBytes(request, 10, budget, CLIENT);
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
    const body = readBodyBytes(request, 10, budget, CLIENT);
    request.push(Buffer.alloc(8));
    request.push(Buffer.alloc(3));
    await expect(body).rejects.toMatchObject({ code: 'body_too_large', status: 413 });
    await expect(readBodyBytes(incoming({ 'content-length': '11' }), 10, budget, CLIENT)).rejects.toMatchObject({
      status: 413,
    });
    expect(budget.held).toBe(0);
  });

  it('ends when its sender goes away, and holds nothing then', async () => {
    const budget = new BodyBudget();
    const request = incoming({ 'content-length': '10' });
    const body = readBodyBytes(request, 10, budget, CLIENT);
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
    const body = readBodyBytes(request, 100, budget, CLIENT);
    request.push(Buffer.alloc(4));
    request.push(Buffer.alloc(4));
    await expect(body).rejects.toMatchObject({ code: 'overloaded', status: 503 });
    expect(budget.held).toBe(others);
    budget.give(others);
    expect(budget.take(100)).toBe(true);
  });

  it('GW-07: one client has a share of what may be under way, however many bodies it sends; others go on', async () => {
    const budget = new BodyBudget();
    const { maxReceivingBytesPerClient: share } = GATEWAY_LIMITS;
    const piece = 1_000_000;
    const start = (client: string) => {
      const request = incoming(CHUNKED);
      const body = readBodyBytes(request, 1_048_576, budget, () => client);
      request.push(Buffer.alloc(piece));
      return { request, body };
    };
    const slow = Array.from({ length: Math.floor(share / piece) }, () => start('198.51.100.1'));
    await expect(start('198.51.100.1').body).rejects.toMatchObject({ code: 'overloaded', status: 503 });
    const other = start('198.51.100.2');
    other.request.push(null);
    expect(await other.body).toHaveLength(piece);
    const small = incoming(CHUNKED);
    const smallBody = readBodyBytes(small, 1_048_576, budget, CLIENT);
    small.push(Buffer.alloc(1_000));
    small.push(null);
    expect(await smallBody).toHaveLength(1_000);
    for (const { request } of slow) request.push(null);
    await Promise.all(slow.map(({ body }) => body));
    const again = start('198.51.100.1');
    again.request.push(null);
    expect(await again.body).toHaveLength(piece);
  });

  it('of a caller who has left already is not waited for', async () => {
    const request = incoming(CHUNKED);
    request.destroy();
    await expect(readBodyBytes(request, 10, new BodyBudget(), CLIENT)).rejects.toThrow(CallerGoneError);
  });
});
