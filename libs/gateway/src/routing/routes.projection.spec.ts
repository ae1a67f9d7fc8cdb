import type { FlowState, TriggerState } from '@sluice/contracts';
import type { BusEvent } from '@sluice/bus';
import { describe, expect, it } from 'vitest';
import { foldRoutingEvents } from './routes.projection.ts';

const flow = (change: Partial<FlowState> = {}): FlowState => ({
  id: 'f1',
  number: 1,
  appId: 'a1',
  name: 'Greet',
  listener: null,
  status: 'draft',
  version: 1,
  publishedVersion: null,
  createdAt: '',
  updatedAt: '',
  ...change,
});
const trigger = (change: Partial<TriggerState> = {}): TriggerState => ({
  id: 't1',
  number: 1,
  appId: 'a1',
  flowId: 'f1',
  name: 'In',
  profile: 'native',
  methods: ['post'],
  auth: { type: 'none' },
  props: { a: 1 },
  tokens: [{ id: 'k1', sha256: 'ab', createdAt: '' }],
  enabled: true,
  createdAt: '',
  updatedAt: '',
  ...change,
});
const event = (type: string, version: number, data: unknown) => ({ type, version, data }) as BusEvent;

describe('what the routing tables keep of registry.events', () => {
  it('the last state of each trigger, deleted or not', () => {
    const { triggers } = foldRoutingEvents([
      event('TriggerCreated', 1, { trigger: trigger() }),
      event('TriggerUpdated', 2, { trigger: trigger({ enabled: false }) }),
      event('TriggerDeleted', 1, { trigger: trigger({ id: 't2' }) }),
    ]);
    expect(triggers).toMatchObject([
      { trigger_id: 't1', version: 2, deleted: false, state: expect.stringContaining('"enabled":false') as string },
      { trigger_id: 't2', version: 1, deleted: true },
    ]);
  });

  it('the last state of each flow, and what every version saved in the batch declares', () => {
    const saved = (version: number, mode?: 'sync' | 'async') => ({
      flow: flow({ version }),
      definition: { steps: [], ...(mode ? { response: { mode }, inputs: { n: { type: 'integer' } } } : {}) },
    });
    const { flows } = foldRoutingEvents([
      event('FlowCreated', 1, saved(1, 'sync')),
      event('FlowUpdated', 2, saved(2)),
      event('FlowUpdated', 3, saved(3, 'async')),
      event('FlowPublished', 4, { flow: flow({ version: 3, publishedVersion: 1, status: 'active' }) }),
    ]);
    expect(flows).toEqual([
      {
        flow_id: 'f1',
        app_id: 'a1',
        listener: null,
        status: 'active',
        published_version: 1,
        saved_version: 3,
        modes: { '1': 'sync', '3': 'async' },
        inputs: { '1': { n: { type: 'integer' } }, '3': { n: { type: 'integer' } } },
        answers: { '3': { status: null, body: null, ref: null, strict: false } },
        version: 4,
        deleted: false,
      },
    ]);
  });
});
