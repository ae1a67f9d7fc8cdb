import { createHash } from 'node:crypto';
import { type RecordedRequest, type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

const PATIENCE_MS = 60_000;
const PERSON = { id: 'u', email: 'u@example.com', given_name: 'U', family_name: 'V' };
const ACCESS = {
  application: { app_id: 'a', instance_id: 'i', user_friendly_label: 'App' },
  permissions: [{ id: 'p', label: 'Editor', source: 's' }],
  requester_user: PERSON,
  target_user: PERSON,
  access_length: 'P1D',
  business_justification: 'work',
  custom_fields: null,
};
interface Called {
  ok: boolean;
  verdict: string;
  response: unknown;
  status: number | null;
}

/** Lumos' inline webhooks (LU-01 to LU-10, LU-12 to LU-14). */
export const lumos: Scenarios = (use) => {
  describe('inline webhooks as Lumos has them', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'lumos');
      receiver = await recordingReceiver();
    });
    afterAll(() => receiver?.close());

    const at = (path: string): RecordedRequest[] => receiver.requests.filter((each) => each.path === path);
    const hook = (name: string, hookType: string): Promise<{ id: number }> =>
      api.must('POST', '/v1/endpoints', {
        kind: 'inline',
        name,
        hookType,
        url: `${receiver.url}/${name}`,
        headers: [{ key: 'X-Key', value: 'k3y-of-the-hook' }],
      });
    /** Answers of a path, one for each call. */
    function answering(path: string, answers: readonly (readonly [number, string])[]): void {
      receiver.respond((request) => {
        const [status, body] = request.path === path ? (answers[at(path).length - 1] ?? [500, '']) : [200, ''];
        return { status, body };
      });
    }
    async function calling(name: string): Promise<Called> {
      const step = { ref: 'hook', type: 'call_webhook', endpoint: name, payload: ACCESS };
      const flow = await api.flow([step]);
      const { id } = await api.must<{ id: string }>('POST', `/v1/flows/${flow.id}/run`, { input: {} });
      return waitFor(async () => {
        const { body } = await api.call<{ status: string; result: Called }>('GET', `/v1/runs/${id}?wait=20s`);
        return body.status === 'succeeded' ? body.result : null;
      }, PATIENCE_MS);
    }

    it('LU-02, LU-04, LU-05, LU-06, LU-09, LU-10: a flow calls one by its name and gets its judged answer', async () => {
      await hook('provision', 'PROVISION');
      answering('/provision', [
        [200, '{"output": {"response": "COMPLETED"}}'],
        [204, ''],
        [200, '{"response": {"success": false, "message": "no seat"}}'],
        [200, 'done'],
      ]);
      const told: unknown[] = [];
      for (let call = 0; call < 4; call++) {
        const { ok, verdict, status } = await calling('provision');
        told.push([ok, verdict, status]);
      }
      expect(told).toEqual([
        [true, 'success', 200],
        [true, 'success', 204],
        [false, 'negative', 200],
        [false, 'failed', 200],
      ]);
      const [request] = at('/provision');
      expect([request?.method, JSON.parse(request?.text ?? '')]).toEqual(['POST', ACCESS]);
      expect(request?.headers['x-key']).toBe('k3y-of-the-hook');
    });

    it('LU-07, LU-08: a call is made once, and the log tells a transport failure from an unreadable answer', async () => {
      const { id } = await hook('approve', 'PRE_APPROVAL');
      answering('/approve', [
        [503, ''],
        [204, ''],
        [200, '{"response": {"approved": true, "reason": "fine"}}'],
      ]);
      const verdicts: string[] = [];
      for (let call = 0; call < 3; call++) verdicts.push((await calling('approve')).verdict);
      expect(verdicts).toEqual(['transport_failure', 'failed', 'success']);
      expect(at('/approve')).toHaveLength(3);
      const logged = await waitFor(async () => {
        const list = await api.must<{ items: { attempts: { verdict: string }[]; status: string }[] }>(
          'GET',
          `/v1/endpoints/${id}/events`,
        );
        return list.items.length === 3 ? list.items : null;
      }, PATIENCE_MS);
      expect(logged.map(({ status, attempts }) => [status, attempts.map((each) => each.verdict)])).toEqual([
        ['succeeded', ['success']],
        ['failed', ['failed']],
        ['failed', ['transport_failure']],
      ]);
    });

    it('LU-03, LU-13: one is tested before it is saved, and says what is at fault', async () => {
      const unsaved = { kind: 'inline', hookType: 'REQUEST_VALIDATION', url: `${receiver.url}/unsaved` };
      answering('/unsaved', [
        [200, '{"response": true}'],
        [401, ''],
        [200, '{}'],
      ]);
      const test = async (body: object) => (await api.call('POST', '/v1/endpoints/test', body)).body;
      expect(await test(unsaved)).toMatchObject({ ok: true, verdict: 'success', stage: 'ok' });
      expect(await test(unsaved)).toMatchObject({ ok: false, stage: 'auth', status: 401 });
      expect(await test(unsaved)).toMatchObject({ ok: false, verdict: 'failed', stage: 'format' });
      const metadata = { ...unsaved, url: 'http://169.254.169.254/latest/meta-data' };
      expect(await test(metadata)).toMatchObject({
        ok: false,
        stage: 'dns',
        hint: expect.stringContaining('metadata') as string,
      });
      const saved = await api.call('POST', '/v1/endpoints', { ...metadata, name: 'metadata' });
      expect([saved.status, saved.body.errors]).toMatchObject([422, [{ pointer: '/url' }]]);
    });

    it('LU-03: the sample of an event type is there as soon as the type is', async () => {
      const schema = { type: 'object', properties: { weight: { type: 'number', example: 2.5 } } };
      const type = await api.must<{ propagating?: true }>('POST', '/v1/event-types', { name: 'parcel.sent', schema });
      const unsaved = { kind: 'event', events: ['parcel.sent'], format: 'standard', url: `${receiver.url}/sample` };
      const sample = async (): Promise<string> =>
        (await api.must<{ request: { body: string } }>('POST', '/v1/endpoints/test', unsaved)).request.body;
      // On a machine that is busy it may say that a dispatcher does not know it yet.
      if (type.propagating) await waitFor(async () => (await sample()).includes('2.5'), PATIENCE_MS);
      expect(await sample()).toContain('"data":{"weight":2.5}');
    });

    it('LU-01, LU-12: there are five types, and GET /inline_webhooks lists them without address and headers', async () => {
      const types = ['PROVISION', 'DEPROVISION', 'REQUEST_VALIDATION', 'PRE_APPROVAL', 'SIEM'];
      const made = await Promise.all(types.map((type) => hook(`listed ${type}`, type)));
      const { body, text } = await api.call('GET', '/inline_webhooks');
      for (const [index, type] of types.entries()) {
        expect(body).toContainEqual({
          id: made[index]?.id,
          hook_type: type,
          name: `listed ${type}`,
          description: '',
        });
      }
      expect(text).not.toMatch(/127\.0\.0\.1|k3y-of-the-hook|X-Key/);
    });

    it('LU-14: a SIEM webhook gets the activities of the app, with who did it and a hash', async () => {
      await hook('siem', 'SIEM');
      receiver.respond({ status: 200, body: '<any>' });
      const flow = await api.flow([{ ref: 'a', type: 'set', values: {} }], { name: 'Watched' });
      const event = await waitFor(() => {
        const bodies = at('/siem').map((each) => JSON.parse(each.text) as { event: Record<string, unknown> });
        return bodies.find((each) => each.event.event_type === 'Flow.Created')?.event;
      }, PATIENCE_MS);
      expect(event).toMatchObject({
        event_type_user_friendly: 'Flow created',
        outcome: 'SUCCESS',
        event_metadata: { id: flow.id, name: 'Watched' },
        actor: { type: expect.any(String) as string, id: expect.any(String) as string },
        targets: [{ type: 'Flow' }],
      });
      expect(event.event_hash).toMatch(/^[0-9a-f]{64}$/);
      expect(event.event_hash).not.toBe(createHash('sha256').update('').digest('hex'));
      expect(at('/siem')[0]?.headers['x-key']).toBe('k3y-of-the-hook');
    });
  });
};
