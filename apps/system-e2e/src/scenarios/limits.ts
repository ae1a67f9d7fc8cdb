import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import { type Got, send } from '../wire.ts';
import type { Scenarios } from './all.ts';

/** What two gateways may let through beyond the limit before they have told each other, a request at a time. */
const MOST_OVER = 200;

/** An address of this machine that no other test sends from, so that its counts are this test's alone. */
let lastAddress = 10 + Math.floor(Math.random() * 100);
const ownAddress = (): string => `127.${100 + Math.floor(Math.random() * 100)}.7.${++lastAddress}`;

export const limits: Scenarios = (use) => {
  describe('limits of requests', () => {
    let api: Api;
    let flowId: string;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'limits');
      flowId = (await api.flow(EMITTING_STEPS)).id;
    });

    const fire = (path: string, token: string, from: string): Promise<Got> =>
      send(use().system.url, {
        method: 'POST',
        path,
        body: '{"n":1}',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        from,
      });

    /** Sends `count` requests, a few at a time, and gives their statuses. */
    async function burst(count: number, one: (n: number) => Promise<Got>): Promise<Record<number, number>> {
      const found: Record<number, number> = {};
      let next = 0;
      const worker = async (): Promise<void> => {
        for (let n = next++; n < count; n = next++) {
          const { status } = await one(n);
          found[status] = (found[status] ?? 0) + 1;
        }
      };
      await Promise.all(Array.from({ length: 10 }, worker));
      return found;
    }

    it('LC-04: request 301 of an address to triggers of profile flow is 429 with Retry-After, 401s counted', async () => {
      const second = (await api.flow(EMITTING_STEPS)).id;
      const first = await api.trigger(flowId, { profile: 'flow' });
      const other = await api.trigger(second, { profile: 'flow' });
      const [from, neighbour] = [ownAddress(), ownAddress()];
      const path = (of: string) => `/v1/flow-webhook/${of}`;
      const found = await burst(300, (n) =>
        n < 20
          ? fire(path(flowId), 'wrong', from)
          : fire(path(n % 2 ? flowId : second), n % 2 ? first.token : other.token, from),
      );
      expect([found[401], found[200], found[429]]).toEqual([20, 280, undefined]);
      // Each of two gateways has seen a part of them, and hears of the rest within a quarter of a second or so.
      let over = 0;
      const refused = await waitFor(async () => {
        const got = await fire(path(flowId), first.token, from);
        if (got.status !== 429) over += 1;
        return got.status === 429 ? got : null;
      }, 60_000);
      expect(over).toBeLessThanOrEqual(use().wiring === 'standalone' ? 0 : MOST_OVER);
      const seconds = Number(refused.headers['retry-after']);
      expect(seconds).toBeGreaterThan(100);
      expect(seconds).toBeLessThanOrEqual(300);
      expect(refused.headers['ratelimit-policy']).toBe('"address";q=300;w=300');
      expect(refused.headers.ratelimit).toBe(`"address";r=0;t=${seconds}`);
      // The same address at a trigger of another profile, and another address at this one, are as free as before.
      const native = await api.trigger(flowId);
      expect((await fire(`/t/${native.id}`, native.token, from)).status).toBe(202);
      expect((await fire(path(flowId), first.token, neighbour)).status).toBe(200);
    });

    it('GW-07: a trigger’s own limit is 429 until its window has ended', async () => {
      const trigger = await api.trigger(flowId, { rateLimit: { requests: 2, windowSeconds: 5 } });
      const from = ownAddress();
      const one = () => fire(`/t/${trigger.id}`, trigger.token, from);
      const statuses = [(await one()).status, (await one()).status];
      expect(statuses).toEqual([202, 202]);
      const refused = await waitFor(async () => {
        const got = await one();
        return got.status === 429 ? got : null;
      }, 60_000);
      expect(JSON.parse(refused.text)).toMatchObject({ code: 'too_many_requests', status: 429 });
      expect(refused.headers['ratelimit-policy']).toBe('"trigger";q=2;w=5');
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(5);
      await waitFor(async () => (await one()).status === 202, 60_000, 'the end of the window');
    });

    it('GW-13: a page of an origin that the trigger names may call it, another may not', async () => {
      const trigger = await api.trigger(flowId, { cors: { origins: ['https://shop.example'] } });
      const preflight = (origin: string) =>
        send(use().system.url, {
          method: 'OPTIONS',
          path: `/t/${trigger.id}`,
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'authorization',
          },
        });
      const allowed = await preflight('https://shop.example');
      expect([allowed.status, allowed.headers['access-control-allow-origin']]).toEqual([204, 'https://shop.example']);
      const other = await preflight('https://evil.example');
      expect([other.status, other.headers['access-control-allow-origin']]).toEqual([405, undefined]);
      const fired = await api.fire(trigger, { n: 1 }, { origin: 'https://shop.example' });
      expect([fired.status, fired.headers.get('access-control-allow-origin')]).toEqual([202, 'https://shop.example']);
    });

    it('the settings of a trigger are checked when they are saved', async () => {
      const answer = await api.call<{ errors: { pointer: string }[] }>('POST', '/v1/triggers', {
        flowId,
        name: 'Wrong',
        idempotency: '{{ secrets.x }}',
        rateLimit: { requests: 0, windowSeconds: 60 },
        cors: { origins: ['shop.example'] },
      });
      expect(answer.status).toBe(422);
      expect(answer.body.errors.map(({ pointer }) => pointer)).toEqual([
        '/idempotency',
        '/rateLimit/requests',
        '/cors/origins/0',
      ]);
    });
  });
};
