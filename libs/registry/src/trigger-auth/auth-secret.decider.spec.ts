import type { TriggerAuth, TriggerState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { changeTrigger, createTrigger, deleteTrigger, type StoredTrigger } from '../triggers/trigger.decider.ts';
import { addSecret, freshSecret, revokeSecret } from './auth-secret.decider.ts';

const NOW = '2026-02-02T00:00:00.000Z';
const github: TriggerAuth = { type: 'hmac', preset: 'github' };
const identity = {
  id: 't',
  number: 1,
  appId: 'app',
  flowId: 'f',
  name: 'In',
  profile: 'native' as const,
  methods: ['POST'],
  auth: github,
  props: null,
  enabled: true,
};

/** A secret whose ids begin with its name. */
function fresh(name: string) {
  let n = 0;
  return freshSecret(`clear ${name}`, () => `${name}${++n}`, NOW);
}

function made(auth: TriggerAuth = github): StoredTrigger {
  const { state } = createTrigger({ ...identity, auth }, { token: null, secret: fresh('a') }, NOW);
  return { state, streamVersion: 1 };
}

const seals = (name: string) => [{ ref: { id: `${name}1`, version: 1 }, plaintext: `clear ${name}` }];
const idsOf = (state: TriggerState) => state.secrets?.map((secret) => secret.id);

describe('secrets of a trigger', () => {
  it('are sealed beside the event, which only names them', () => {
    const decision = createTrigger(identity, { token: null, secret: fresh('a') }, NOW);
    expect(decision.sealing).toEqual({ seal: seals('a'), supersede: [], remove: [] });
    expect(decision.state.secrets).toEqual([{ id: 'a2', value: { id: 'a1', version: 1 }, createdAt: NOW }]);
    expect(JSON.stringify(decision.event)).not.toContain('clear');
  });

  it('LT-10: two are live during a rotation, never three; either can be revoked, the last one too', () => {
    const two = addSecret(made(), fresh('b'), NOW);
    if (typeof two === 'string') throw new Error(two);
    expect(two.event?.type).toBe('TriggerSecretAdded');
    expect([idsOf(two.state), two.sealing.seal]).toEqual([['a2', 'b2'], seals('b')]);
    const stored = { state: two.state, streamVersion: 2 };
    expect(addSecret(stored, fresh('c'), NOW)).toBe('too_many_secrets');
    const one = revokeSecret(stored, 'a2', NOW);
    if (typeof one === 'string') throw new Error(one);
    expect(one).toMatchObject({ event: { type: 'TriggerSecretRevoked' }, sealing: { seal: [], remove: ['a1'] } });
    expect(idsOf(one.state)).toEqual(['b2']);
    expect(revokeSecret({ state: one.state, streamVersion: 3 }, 'a2', NOW)).toBe('no_such_secret');
    expect(revokeSecret({ state: one.state, streamVersion: 3 }, 'b2', NOW)).toMatchObject({ state: { secrets: [] } });
    const bearer = { state: { ...two.state, auth: { type: 'bearer' as const } }, streamVersion: 1 };
    expect(addSecret(bearer, fresh('c'), NOW)).toBe('auth_without_secret');
  });

  it('a secret sent with a change takes the place of all; without one those stay that still fit', () => {
    const replaced = changeTrigger(made(), { auth: github }, fresh('b'), NOW);
    expect([idsOf(replaced.state), replaced.sealing]).toEqual([
      ['b2'],
      { seal: seals('b'), supersede: [], remove: ['a1'] },
    ]);
    expect(changeTrigger(made(), { auth: github, name: 'In' }, null, NOW).event).toBeNull();
    const slack = changeTrigger(made(), { auth: { type: 'hmac', preset: 'slack' } }, null, NOW);
    expect([idsOf(slack.state), slack.sealing.remove]).toEqual([['a2'], []]);
  });

  it('go when the trigger asks for none any more, and with the trigger', () => {
    for (const auth of [{ type: 'none' }, { type: 'bearer' }] as const) {
      const changed = changeTrigger(made(), { auth }, null, NOW);
      expect([changed.state.secrets, changed.sealing]).toEqual([[], { seal: [], supersede: [], remove: ['a1'] }]);
    }
    expect(deleteTrigger(made(), NOW).sealing.remove).toEqual(['a1']);
  });
});
