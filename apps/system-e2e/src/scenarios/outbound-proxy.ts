import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

/** A public address: who connects to it without the proxy does not find the receiver. */
const PUBLIC = '93.184.216.34';

/** Which way calls leave (DL-12). */
export const outboundProxy: Scenarios = (use) => {
  describe('the proxy', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'proxy');
      receiver = await recordingReceiver();
    });
    afterAll(() => receiver?.close());

    it('DL-12, DL-07: deliveries, tests and http steps go through the proxy; exceptions do not, and what is private never does', async () => {
      const { proxy } = use();
      const port = new URL(receiver.url).port;
      const outside = `http://${PUBLIC}:${port}`;
      const tested = await api.must<{ ok: boolean }>('POST', '/v1/endpoints/test', {
        kind: 'event',
        name: 'Outside',
        url: `${outside}/tested`,
        events: ['*'],
      });
      expect(tested.ok).toBe(true);
      await api.endpoint(`${outside}/delivered`, ['shop.opened']);
      await api.endpoint(`${receiver.url}/near`, ['shop.opened']);
      const flow = await api.flow([
        { ref: 'web1', type: 'webhook' },
        { ref: 'call', type: 'http', method: 'GET', url: `${outside}/called` },
        { ref: 'out', type: 'emit', event: 'shop.opened', data: {} },
      ]);
      await api.must('POST', `/v1/flows/${flow.id}/run`, { input: {} });
      const wanted = ['/called', '/delivered', '/near', '/tested'];
      const paths = () => [...new Set(receiver.requests.map((each) => each.path))].sort();
      await waitFor(() => paths().length === wanted.length, 30_000, 'four requests');
      expect(paths()).toEqual(wanted);
      const mine = proxy.asked.filter((authority) => authority.endsWith(`:${port}`));
      expect(new Set(mine)).toEqual(new Set([`${PUBLIC}:${port}`]));
      const refused = await api.call('POST', '/v1/endpoints', {
        kind: 'event',
        name: 'Inside',
        url: `http://10.0.0.7:${port}/`,
        events: ['*'],
      });
      expect(refused.status).toBe(422);
    });
  });
};
