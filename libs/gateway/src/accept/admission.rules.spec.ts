import { describe, expect, it } from 'vitest';
import type { FlowRoute, Route, TriggerRoute } from '../routing/route.ts';
import { methodProblem, responseModeOf, stateProblem } from './admission.rules.ts';

function route(trigger: Partial<TriggerRoute> = {}, flow: Partial<FlowRoute> = {}): Route {
  return {
    trigger: {
      triggerId: 't',
      appId: 'a',
      flowId: 'f',
      listener: null,
      profile: 'native',
      methods: ['POST'],
      auth: { type: 'none' },
      tokenHashes: [],
      secrets: [],
      enabled: true,
      props: null,
      ordering: null,
      rateLimit: null,
      idempotency: null,
      corsOrigins: null,
      allowedIps: null,
      handshake: null,
      forwardTo: null,
      capture: null,
      ...trigger,
    },
    flow: {
      flowId: 'f',
      listenerKey: null,
      status: 'active',
      publishedVersion: 1,
      liveMode: null,
      draftMode: null,
      liveInputs: null,
      draftInputs: null,
      liveAnswer: null,
      draftAnswer: null,
      ...flow,
    },
  };
}

describe('whether a trigger takes a request', () => {
  it('GW-01: another method is 405 with Allow', () => {
    const many = route({ methods: ['POST', 'PUT'] });
    expect(methodProblem(many, 'PUT')).toBeNull();
    expect(methodProblem(many, 'GET')).toMatchObject({ status: 405, headers: { allow: 'POST, PUT' } });
    expect(methodProblem(many, 'HEAD')?.code).toBe('method_not_allowed');
  });

  it.each<[string, Route, 'live' | 'draft', string | undefined]>([
    ['an active, published flow', route(), 'live', undefined],
    ['a disabled trigger', route({ enabled: false }), 'live', 'trigger_disabled'],
    ['a paused flow', route({}, { status: 'paused' }), 'live', 'flow_paused'],
    ['the draft of a paused flow', route({}, { status: 'paused' }), 'draft', 'flow_paused'],
    [
      'a flow that was never published',
      route({}, { status: 'draft', publishedVersion: null }),
      'live',
      'flow_not_published',
    ],
    [
      'the draft of a flow that was never published',
      route({}, { status: 'draft', publishedVersion: null }),
      'draft',
      undefined,
    ],
  ])('%s', (_, target, mode, code) => {
    expect(stateProblem(target, mode)?.code).toBe(code);
  });

  it('the response mode is that of the version that runs, otherwise the profile decides', () => {
    const mixed = route({}, { liveMode: 'async', draftMode: 'sync' });
    expect([responseModeOf(mixed, 'live', 'sync'), responseModeOf(mixed, 'draft', 'async')]).toEqual(['async', 'sync']);
    expect(responseModeOf(route(), 'live', 'async')).toBe('async');
  });
});
