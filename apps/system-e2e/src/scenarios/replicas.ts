import { createHmac } from 'node:crypto';
import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import { serviceUrls } from '../metrics-page.ts';
import type { Scenarios } from './all.ts';

const BODY = '{"n": 1}';
const signatureOf = (secret: string): string => `sha256=${createHmac('sha256', secret).update(BODY).digest('hex')}`;

/** Issue "Inbound and identity": what the API has answered holds at every gateway, not only at the one that is asked. */
export const replicas: Scenarios = (use) => {
  describe('changes reach every replica', () => {
    let api: Api;
    let gateways: string[];
    beforeAll(async () => {
      const { system, wiring } = use();
      api = await Api.ofFreshApp(system, 'replicas');
      const urls = wiring === 'distributed' ? serviceUrls(system) : new Map([['gateway', system.url]]);
      gateways = [...urls].filter(([name]) => name.startsWith('gateway')).map(([, url]) => url);
      expect(gateways).toHaveLength(wiring === 'distributed' ? 2 : 1);
    });

    const fireAtAll = (id: string, headers: Record<string, string>) =>
      Promise.all(
        gateways.map(async (gateway) => {
          const answer = await fetch(`${gateway}/t/${id}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers },
            body: BODY,
          });
          await answer.text();
          return answer.status;
        }),
      );
    const everywhere = (status: number) => gateways.map(() => status);

    /** A change that says it is still propagating (a replica is slow or was just lost) has a second more. */
    async function holds(changed: Record<string, unknown>, fire: () => Promise<number[]>, status: number) {
      if (changed.propagating === true) {
        await waitFor(async () => (await fire()).every((each) => each === status), 20_000, `${status} everywhere`);
      }
      expect(await fire()).toEqual(everywhere(status));
    }

    it('GW-01: a trigger works at every gateway the instant it was created, and a paused flow runs at none', async () => {
      const flow = await api.flow(EMITTING_STEPS);
      const trigger = await api.trigger(flow.id);
      const fire = () => fireAtAll(trigger.id, { authorization: `Bearer ${trigger.token}` });
      expect(await fire()).toEqual(everywhere(202));
      for (const [status, answered] of [
        ['paused', 409],
        ['active', 202],
        ['paused', 409],
      ] as const) {
        const changed = await api.must('PATCH', `/v1/flows/${flow.id}`, { status });
        await holds(changed, fire, answered);
      }
    });

    it('LT-10: a revoked token is refused at every gateway, the one beside it is not', async () => {
      const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
      const [first] = await api
        .must<{ tokens: { id: string }[] }>('GET', `/v1/triggers/${trigger.id}`)
        .then((read) => read.tokens);
      const second = await api.must<{ token: string }>('POST', `/v1/triggers/${trigger.id}/tokens`, {});
      const fireWith = (token: string) => () => fireAtAll(trigger.id, { authorization: `Bearer ${token}` });
      await holds(second, fireWith(second.token), 202);
      const revoked = await api.call('DELETE', `/v1/triggers/${trigger.id}/tokens/${first?.id}`);
      expect(revoked.status).toBeLessThan(300);
      await holds(revoked.body, fireWith(trigger.token), 401);
      expect(await fireWith(second.token)()).toEqual(everywhere(202));
    });

    it('GW-02: a changed secret is asked for at every gateway', async () => {
      const auth = (secret: string) => ({ type: 'hmac', preset: 'github', secret });
      const [before, after] = ['the secret before it changed', 'the secret after it changed'];
      const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id, { auth: auth(before) });
      const signed = (secret: string) => () =>
        fireAtAll(trigger.id, { 'x-hub-signature-256': signatureOf(secret), 'x-github-delivery': crypto.randomUUID() });
      expect(await signed(before)()).toEqual(everywhere(202));
      const changed = await api.must('PATCH', `/v1/triggers/${trigger.id}`, { auth: auth(after) });
      await holds(changed, signed(after), 202);
      expect(await signed(before)()).toEqual(everywhere(401));
    });
  });
};
