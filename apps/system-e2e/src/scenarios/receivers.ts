import { hostileReceiver, type HostileMode, type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

const MINUTE_MS = 60_000;
const ONCE = { retry: { schedule: ['PT0S'] } };

interface Listed {
  items: { status: string; attempts: { error: { stage: string } | null; response: { truncated: boolean } | null }[] }[];
}

/** What receivers do to deliveries, and what is shown to them (DL-04, DL-08, DL-09). */
export const receivers: Scenarios = (use) => {
  describe('receivers', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    const closing: { close(): Promise<void> }[] = [];
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'receivers');
      receiver = await recordingReceiver();
      closing.push(receiver);
    });
    afterAll(() => Promise.all(closing.map((each) => each.close())));

    async function publish(type: string, count: number): Promise<void> {
      const events = Array.from({ length: count }, (_, n) => ({
        specversion: '1.0',
        id: `${type}-${n}`,
        source: '/receivers',
        type,
        data: { n },
      }));
      const how = { 'content-type': 'application/cloudevents-batch+json' };
      expect((await api.call('POST', '/v1/events', JSON.stringify(events), how)).status).toBe(202);
    }

    /** The endpoint's deliveries once as many as this have ended. */
    const ended = (id: number, count: number) =>
      waitFor(
        async () => {
          const { items } = await api.must<Listed>('GET', `/v1/endpoints/${id}/events?limit=100`);
          return items.filter(({ status }) => status !== 'pending').length === count ? items : null;
        },
        MINUTE_MS,
        `${count} ended deliveries of endpoint ${id}`,
      );

    it('DL-08: whatever a receiver does, its attempt is recorded with what went wrong, and others are served', async () => {
      const healthy = await api.endpoint(`${receiver.url}/healthy`, ['odd.told'], ONCE);
      const modes: [HostileMode, string | null][] = [
        [{ kind: 'reset', when: 'request' }, 'response'],
        [{ kind: 'reset', when: 'body' }, 'response'],
        [{ kind: 'http-garbage' }, 'response'],
        [{ kind: 'huge-headers', bytes: 1_000_000 }, 'response'],
        [{ kind: 'endless-body' }, null],
        [{ kind: 'gzip-bomb', unpackedBytes: 10_000_000 }, null],
      ];
      const hostile = await Promise.all(
        modes.map(async ([mode, stage]) => {
          const hostile = await hostileReceiver(mode);
          closing.push(hostile);
          return { mode, stage, endpoint: await api.endpoint(hostile.url, ['odd.told'], ONCE) };
        }),
      );
      await publish('odd.told', 2);
      for (const { mode, stage, endpoint } of hostile) {
        const deliveries = await ended(endpoint.id, 2);
        const expected =
          stage === null ? { status: 'succeeded' } : { status: 'failed', attempts: [{ error: { stage } }] };
        expect({ mode, deliveries }).toMatchObject({ mode, deliveries: [expected, expected] });
      }
      expect(await ended(healthy.id, 2)).toMatchObject([{ status: 'succeeded' }, { status: 'succeeded' }]);
    });

    it('DL-09: a bearer token is a header of its own; one that would inject another is refused when it is written', async () => {
      const headers = [{ key: 'Authorization', value: 'Bearer t0ken' }];
      await api.endpoint(`${receiver.url}/bearer`, ['bearer.told'], { headers });
      await publish('bearer.told', 1);
      const sent = await waitFor(() => receiver.requests.find(({ path }) => path === '/bearer'), MINUTE_MS);
      expect(sent.headers.authorization).toBe('Bearer t0ken');
      const bad = [
        { key: 'X-A', value: 'b\r\nX-Injected: 1' },
        { key: 'X-A: b\r\nX-Injected', value: '1' },
        { key: 'Webhook-Signature', value: 'v1,mine' },
        { key: 'x-etl-webhook-event-id', value: 'mine' },
        { key: 'Transfer-Encoding', value: 'chunked' },
      ];
      const form = { kind: 'event', name: 'injecting', events: ['bearer.told'], url: `${receiver.url}/injected` };
      for (const header of bad) {
        for (const route of ['/v1/endpoints', '/v1/endpoints/test']) {
          const refused = await api.call('POST', route, { ...form, headers: [header] });
          expect([refused.status, JSON.stringify(refused.body.errors)]).toEqual([
            422,
            expect.stringContaining('"/headers/0') as string,
          ]);
        }
      }
      expect(receiver.requests.filter(({ path }) => path === '/injected')).toEqual([]);
    });

    it('DL-04: no number of failures pauses an endpoint; since when it fails is shown, and ends with a success', async () => {
      let status = 500;
      receiver.respond(({ path }) => ({ status: path === '/failing' ? status : 204 }));
      const { id } = await api.endpoint(`${receiver.url}/failing`, ['failing.told', 'failing.ended'], ONCE);
      await publish('failing.told', 30);
      await ended(id, 30);
      const shown = async () =>
        (await api.must<{ delivery: { paused: unknown; failingSince: string | null } }>('GET', `/v1/endpoints/${id}`))
          .delivery;
      const failing = await waitFor(async () => {
        const now = await shown();
        return now.failingSince === null ? null : now;
      }, MINUTE_MS);
      expect(failing.paused).toBeNull();
      status = 204;
      await publish('failing.ended', 1);
      await waitFor(async () => (await shown()).failingSince === null, MINUTE_MS);
    });
  });
};
