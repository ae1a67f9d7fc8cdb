import { compileSchema } from '@sluice/event-schemas';
import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

const STEPS = [{ ref: 'web1', type: 'webhook' }];
/**
 * What the dispatcher tells of endpoints that fail for days, or are late by a quarter of an hour, is proven with a
 * simulated clock: libs/dispatcher/src/health/health.int.spec.ts (DL-04, DL-10). Disabled by 410, and the recovery, have
 * a scenario besides: sending.ts (DL-03), and so does a delivery that failed for good: outbound.ts.
 */
const ELSEWHERE = [
  'Endpoint.Disabled',
  'Endpoint.Recovered',
  'Endpoint.Failing',
  'Endpoint.Backlog',
  'Delivery.Failed',
];

interface Told {
  eventType: string;
  entity: Record<string, unknown>;
}

/** ET-10: everything in the catalogue happens, and is told to those who subscribed to it. */
export const builtInEvents: Scenarios = (use) => {
  describe('built-in events', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'built-in');
      receiver = await recordingReceiver();
    });
    afterAll(() => receiver?.close());

    const told = (path: string): Told[] =>
      receiver.requests.filter((request) => request.path === path).map(({ text }) => JSON.parse(text) as Told);

    async function flowsAndRuns(): Promise<string> {
      const flow = await api.flow(STEPS);
      await api.must('PATCH', `/v1/flows/${flow.id}`, { name: 'Renamed' });
      const failing = await api.flow([...STEPS, { ref: 'no', type: 'fail', message: 'as told' }]);
      for (const { id } of [flow, failing]) {
        const run = await api.must<{ id: string }>('POST', `/v1/flows/${id}/run`, { input: {} });
        await api.must('GET', `/v1/runs/${run.id}?wait=30s`);
      }
      await api.must('DELETE', `/v1/flows/${failing.id}`);
      return flow.id;
    }

    async function triggerAndEndpoint(flowId: string): Promise<void> {
      const trigger = await api.trigger(flowId);
      await api.must('PATCH', `/v1/triggers/${trigger.id}`, { name: 'Renamed' });
      await api.must('POST', `/v1/triggers/${trigger.id}/tokens`);
      await api.must('DELETE', `/v1/triggers/${trigger.id}`);
      const endpoint = await api.endpoint(`${receiver.url}/never`, ['nothing.at.all']);
      await api.must('PATCH', `/v1/endpoints/${endpoint.id}`, { concurrency: 2 });
      await api.must('POST', `/v1/endpoints/${endpoint.id}/pause`);
      await api.must('POST', `/v1/endpoints/${endpoint.id}/resume`);
      await api.must('DELETE', `/v1/endpoints/${endpoint.id}`);
    }

    async function userAndToken(): Promise<void> {
      const email = `told-${api.appId}@example.org`;
      const password = 'correct horse battery';
      const roles = [{ appId: api.appId, role: 'viewer' }];
      const user = await api.must<{ id: string }>('POST', '/v1/users', { email, name: 'Pat', password, roles });
      await api.must('PATCH', `/v1/users/${user.id}`, { name: 'Patricia' });
      await api.call('POST', '/v1/sessions', { email, password }, { authorization: '' });
      await api.must('DELETE', `/v1/users/${user.id}`);
      const token = await api.must<{ id: string }>('POST', '/v1/tokens', { scopes: ['automation'], appId: api.appId });
      await api.must('DELETE', `/v1/tokens/${token.id}`);
    }

    it('ET-10: each one of the catalogue reaches an endpoint of its app, and fits its schema there', async () => {
      const everywhere = { 'x-sluice-app': 'default' };
      const ofApps = { kind: 'event', name: 'Apps', url: `${receiver.url}/apps`, events: ['App.Created'] };
      const listener = await api.call<{ id: number }>('POST', '/v1/endpoints', ofApps, everywhere);
      await api.endpoint(`${receiver.url}/told`, ['*']);
      const app = await api.must<{ id: string }>('POST', '/v1/apps', { name: `told-${api.appId}` });
      await triggerAndEndpoint(await flowsAndRuns());
      await userAndToken();

      const { items } = await api.must<{ items: { name: string; builtIn: boolean; schema: object }[] }>(
        'GET',
        '/v1/event-types?limit=200',
      );
      const catalogue = items.filter(({ builtIn, name }) => builtIn && !ELSEWHERE.includes(name));
      expect(catalogue.length).toBeGreaterThanOrEqual(20);
      const all = () => [...told('/told'), ...told('/apps').filter(({ entity }) => entity.id === app.id)];
      const missing = () => catalogue.filter(({ name }) => !all().some(({ eventType }) => eventType === name));
      await waitFor(() => missing().length === 0, 60_000, 'every built-in event').catch(() => undefined);
      expect(missing().map(({ name }) => name)).toEqual([]);
      for (const { name, schema } of catalogue) {
        const judge = compileSchema(schema);
        const ofType = all().filter(({ eventType }) => eventType === name);
        expect([name, ofType.flatMap(({ entity }) => judge(entity))]).toEqual([name, []]);
      }
      expect(JSON.stringify(all())).not.toMatch(/argon2|password|sluice_(pat|ses|trg)_|sha256/i);
      await api.call('DELETE', `/v1/endpoints/${listener.body.id}`, undefined, everywhere);
    });

    it('ET-10: nobody else publishes an event that looks like a built-in one', async () => {
      const event = (type: string) => ({ specversion: '1.0', id: `own-${type}`, source: '/test', type, data: {} });
      const batch = [event('flow.executed'), event('Flow.Executed')];
      const how = { 'content-type': 'application/cloudevents-batch+json' };
      const refused = await api.call('POST', '/v1/events', JSON.stringify(batch), how);
      expect(refused.status).toBe(422);
      expect(refused.body).toMatchObject({ code: 'built_in_event_type', errors: [{ pointer: '/1/type' }] });
      const taken = await api.call('POST', '/v1/events', JSON.stringify(batch.slice(0, 1)), how);
      expect([taken.status, taken.body]).toEqual([202, { accepted: 1, duplicates: 0 }]);
    });

    it('RG-05: what a flow emits and does not fit its validated type is a dead letter that says why', async () => {
      const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
      await api.must('POST', '/v1/event-types', { name: 'stock.left', schema, validate: true });
      await api.endpoint(`${receiver.url}/stock`, ['stock.left']);
      const told = { ref: 'told', type: 'emit', event: 'stock.left', data: '{{ web1 }}' };
      const flow = await api.flow([...STEPS, told]);
      const run = async (input: object) =>
        (await api.must<{ id: string }>('POST', `/v1/flows/${flow.id}/run`, { input })).id;
      const everywhere = { 'x-sluice-app': '' };
      const reason = /does not fit the schema of .*stock\.left.*\/data/;
      // Every dispatcher knows the type with its next look at the table.
      const letters = await waitFor(async () => {
        await run({ n: 'many' });
        const { text } = await api.call('GET', '/v1/dead-letters?limit=200', undefined, everywhere);
        return reason.test(text) ? text : null;
      }, 60_000);
      expect(letters).toMatch(reason);
      await run({ n: 3 });
      await waitFor(
        () => receiver.requests.some(({ path, text }) => path === '/stock' && text.includes('"n":3')),
        30_000,
      );
    });
  });
};
