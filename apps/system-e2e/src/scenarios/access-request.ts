import { type RecordedRequest, type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../../../../examples/access-request.json');
const PATIENCE_MS = 60_000;
const PERSON = { id: 'u7', email: 'ann@example.com', given_name: 'Ann', family_name: 'Ott' };
const REQUEST = {
  application: { app_id: 'crm', instance_id: 'crm-1', user_friendly_label: 'CRM' },
  permissions: [{ id: 'p', label: 'Editor', source: 'crm' }],
  requester_user: PERSON,
  target_user: PERSON,
  access_length: 'PT0.2S',
  business_justification: 'new region',
};
const HOOKS = {
  validate: ['Validate access', 'REQUEST_VALIDATION'],
  approve: ['Pre-approve access', 'PRE_APPROVAL'],
  provision: ['Provision access', 'PROVISION'],
  deprovision: ['Deprovision access', 'DEPROVISION'],
} as const;
type Answers = Record<keyof typeof HOOKS, string>;
const YES: Answers = {
  validate: '{"response": {"valid": true}}',
  approve: '{"response": {"approved": true}}',
  provision: '{"response": "COMPLETED"}',
  deprovision: '{"response": {"success": true}}',
};

interface Run {
  status: string;
  result: unknown;
  error: { code: string; message: string } | null;
}

/** LU-11: the ready-made flow "Access request", as it stands in `examples/`, with each way that it can go. */
export const accessRequest: Scenarios = (use) => {
  describe('LU-11: the example "Access request"', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    let flowId: string;
    beforeAll(async () => {
      [api, receiver] = await Promise.all([Api.ofFreshApp(use().system, 'access-request'), recordingReceiver()]);
      await Promise.all(
        Object.entries(HOOKS).map(([route, [name, hookType]]) =>
          api.must('POST', '/v1/endpoints', { kind: 'inline', name, hookType, url: `${receiver.url}/${route}` }),
        ),
      );
      await api.endpoint(`${receiver.url}/tasks`, ['access.task.created']);
      flowId = String((await api.must('POST', '/v1/flows', JSON.parse(readFileSync(EXAMPLE, 'utf8')))).id);
    });
    afterAll(() => receiver?.close());

    /** Each test asks for another application, so that what is called for it is told apart. */
    async function asking(app: string, answers: Partial<Answers> = {}): Promise<string> {
      receiver.respond(({ path: route }) => ({
        status: 200,
        body: { ...YES, ...answers }[route.slice(1) as keyof Answers] ?? '',
      }));
      const input = { ...REQUEST, application: { ...REQUEST.application, app_id: app } };
      return String((await api.must('POST', `/v1/flows/${flowId}/run`, { input })).id);
    }
    const ended = (id: string): Promise<Run> =>
      waitFor(async () => {
        const run = (await api.must('GET', `/v1/runs/${id}?wait=20s`)) as unknown as Run;
        return ['succeeded', 'failed'].includes(run.status) ? run : null;
      }, PATIENCE_MS);
    const of = (app: string): RecordedRequest[] => receiver.requests.filter(({ text }) => text.includes(`"${app}"`));
    const called = (app: string): string[] =>
      of(app)
        .map((each) => each.path.slice(1))
        .filter((each) => each !== 'tasks');

    it('a request that is valid and pre-approved is provisioned, and taken back when its time is over', async () => {
      const run = await ended(await asking('plain'));
      const result = { provisioned: 'success', deprovisioned: 'success', decided_by: 'policy' };
      expect(run).toMatchObject({ status: 'succeeded', result });
      expect(called('plain')).toEqual(['validate', 'approve', 'provision', 'deprovision']);
      const sent = of('plain').map(({ text }) => JSON.parse(text) as unknown);
      expect(sent[2]).toEqual({
        ...REQUEST,
        application: { ...REQUEST.application, app_id: 'plain' },
        custom_fields: null,
      });
    });

    it('an invalid request goes no further, and says why', async () => {
      const validate = '{"response": {"valid": false, "message": "no licence left"}}';
      const run = await ended(await asking('invalid', { validate }));
      expect(run).toMatchObject({
        status: 'failed',
        error: { code: 'request_invalid', message: expect.stringContaining('no licence left') as string },
      });
      expect(called('invalid')).toEqual(['validate']);
    });

    it('what policy does not approve waits for a person, whose refusal ends it', async () => {
      const id = await asking('asked', { approve: '{"response": {"approved": false, "reason": "sensitive"}}' });
      await waitFor(async () => (await api.must('GET', `/v1/runs/${id}`)).status === 'waiting' || null, PATIENCE_MS);
      const decision = { decision: 'reject', comment: 'not this year' };
      await api.must('POST', `/v1/runs/${id}/approvals/decided`, decision);
      expect((await ended(id)).error).toMatchObject({ code: 'access_refused', message: 'not this year' });
      expect(called('asked')).toEqual(['validate', 'approve']);
    });

    it('what cannot be provisioned becomes a task for a person', async () => {
      const run = await ended(await asking('by-hand', { provision: '{"response": {"success": false}}' }));
      expect(run).toMatchObject({ status: 'succeeded', result: { provisioned: 'negative', deprovisioned: 'success' } });
      const task = await waitFor(() => of('by-hand').find((each) => each.path === '/tasks'), PATIENCE_MS);
      expect(JSON.parse(task.text)).toMatchObject({
        eventType: 'access.task.created',
        entityId: 'u7',
        entity: { task: 'provision', access: { application: { app_id: 'by-hand' } } },
      });
    });
  });
};
