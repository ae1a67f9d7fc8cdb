import type { TriggerState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import {
  addToken,
  changeTrigger,
  createTrigger,
  deleteTrigger,
  revokeToken,
  setCapture,
  type StoredTrigger,
} from './trigger.decider.ts';

const NOW = '2026-02-02T00:00:00.000Z';
const token = (id: string): TriggerState['tokens'][number] => ({ id, sha256: `hash of ${id}`, createdAt: NOW });
const fresh = (id: string) => ({ stored: token(id), clear: `token ${id}` });
const identity = {
  id: 't',
  number: 1,
  appId: 'app',
  flowId: 'f',
  name: 'In',
  profile: 'native' as const,
  methods: ['POST'],
  auth: { type: 'bearer' as const },
  props: null,
  enabled: true,
};

function trigger(tokens: string[], change: Partial<TriggerState> = {}): StoredTrigger {
  const state = { ...identity, tokens: tokens.map(token), createdAt: NOW, updatedAt: NOW, ...change };
  return { state, streamVersion: 1 };
}

const tokensOf = (decision: ReturnType<typeof addToken>): string[] | string =>
  typeof decision === 'string' ? decision : decision.state.tokens.map((each) => each.id);

describe('a trigger', () => {
  it('begins with one token, or with none when it asks for none', () => {
    expect(createTrigger(identity, { token: fresh('a'), secret: null }, NOW).state.tokens).toEqual([token('a')]);
    expect(
      createTrigger({ ...identity, auth: { type: 'none' } }, { token: null, secret: null }, NOW).state.tokens,
    ).toEqual([]);
  });

  it('LT-10: has two live tokens during a rotation, never three', () => {
    expect(tokensOf(addToken(trigger(['a']), fresh('b'), NOW))).toEqual(['a', 'b']);
    expect(tokensOf(addToken(trigger(['a', 'b']), fresh('c'), NOW))).toBe('too_many_tokens');
    expect(tokensOf(addToken(trigger([], { auth: { type: 'none' } }), fresh('a'), NOW))).toBe('auth_without_token');
  });

  it('loses exactly the token that is revoked, the last one too', () => {
    expect(tokensOf(revokeToken(trigger(['a', 'b']), 'a', NOW))).toEqual(['b']);
    expect(tokensOf(revokeToken(trigger(['a']), 'a', NOW))).toEqual([]);
    expect(tokensOf(revokeToken(trigger(['a']), 'x', NOW))).toBe('no_such_token');
    expect(revokeToken(trigger(['a', 'b']), 'a', NOW)).toMatchObject({ revoked: ['a'] });
  });

  it('GW-01: is armed and disarmed without a change of its settings', () => {
    const capture = { id: 'c', until: NOW };
    const armed = setCapture(trigger(['a']), capture);
    expect(armed.event).toMatchObject({ type: 'TriggerCaptureSet', data: { trigger: { capture, updatedAt: NOW } } });
    const disarmed = setCapture({ state: armed.state, streamVersion: 2 }, null);
    expect(disarmed.event).toMatchObject({ data: { trigger: { capture: null } } });
    expect(setCapture({ state: disarmed.state, streamVersion: 3 }, null).event).toBeNull();
  });

  it('is changed only where the patch differs', () => {
    expect(changeTrigger(trigger(['a']), { name: 'In', methods: ['POST'] }, null, NOW).event).toBeNull();
    const changed = changeTrigger(trigger(['a']), { methods: ['PUT'], props: { x: 1 } }, null, NOW);
    expect(changed.event?.type).toBe('TriggerUpdated');
    expect(changed.state).toMatchObject({ methods: ['PUT'], props: { x: 1 }, name: 'In', tokens: [token('a')] });
  });

  it('LC-03: seals a token that can be read again, and forgets it with the token', () => {
    const ref = { id: 's', version: 1 };
    const sealed = { stored: { ...token('a'), sealed: ref }, clear: 'ey' };
    const created = createTrigger({ ...identity, profile: 'flow' }, { token: sealed, secret: null }, NOW);
    expect(created.sealing).toEqual({ seal: [{ ref, plaintext: 'ey' }], supersede: [], remove: [] });
    expect(JSON.stringify(created.event)).not.toContain('"ey"');
    const stored = { state: created.state, streamVersion: 1 };
    expect(revokeToken(stored, 'a', NOW)).toMatchObject({ sealing: { seal: [], remove: ['s'] } });
    expect(deleteTrigger(stored, NOW)).toMatchObject({ sealing: { seal: [], remove: ['s'] } });
    expect(createTrigger(identity, { token: fresh('a'), secret: null }, NOW).sealing.seal).toEqual([]);
  });

  it('takes all its tokens with it when it is deleted', () => {
    expect(deleteTrigger(trigger(['a', 'b']), NOW)).toMatchObject({
      event: { type: 'TriggerDeleted' },
      revoked: ['a', 'b'],
    });
  });
});
