import { createHash } from 'node:crypto';
import type { TriggerState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { MASK } from '../sealing/sealing.decider.ts';
import { accessProblems, accessSettingsOf } from './access-settings.ts';
import { handshakeViewOf } from './handshake.rules.ts';

const pointersOf = (sent: Record<string, unknown>, stored: TriggerState | null = null): string[] =>
  accessProblems(sent, { stored, urlProblem: () => null }).map((problem) => problem.pointer);

describe('allowed addresses', () => {
  it.each([[null], [['192.0.2.1']], [['10.0.0.0/8', '2001:db8::/32', '::1', '0.0.0.0/0', '::/0']]])(
    '%j',
    (allowedIps) => {
      expect(pointersOf({ allowedIps })).toEqual([]);
      expect(accessSettingsOf({ allowedIps }, 't', null)).toEqual({ allowedIps });
    },
  );

  it.each<[unknown, string]>([
    [[], '/allowedIps'],
    ['10.0.0.0/8', '/allowedIps'],
    [Array(201).fill('::1'), '/allowedIps'],
    [['10.0.0.0/33'], '/allowedIps/0'],
    [['::1', '2001:db8::/129'], '/allowedIps/1'],
    [['10.0.0.0/8/8'], '/allowedIps/0'],
    [['10.0.0/8'], '/allowedIps/0'],
    [['10.0.0.0/'], '/allowedIps/0'],
    [['fe80::1%eth0'], '/allowedIps/0'],
    [['example.org'], '/allowedIps/0'],
    [[7], '/allowedIps/0'],
  ])('%j is refused at %s', (allowedIps, pointer) => expect(pointersOf({ allowedIps })).toEqual([pointer]));
});

describe('GW-12: the handshake of a trigger', () => {
  it('keeps a hash of the verify token, and shows a mask', () => {
    const sent = { handshake: { type: 'meta', verifyToken: 'tok' } };
    expect(pointersOf(sent)).toEqual([]);
    const { handshake } = accessSettingsOf(sent, 'trigger-1', null);
    const verifyTokenSha256 = createHash('sha256').update('trigger-1:tok').digest('hex');
    expect(handshake).toEqual({ type: 'meta', verifyTokenSha256 });
    expect(handshakeViewOf(handshake as NonNullable<typeof handshake>)).toEqual({ type: 'meta', verifyToken: MASK });
    const stored = { handshake } as TriggerState;
    const back = { handshake: { type: 'meta', verifyToken: MASK } };
    expect(pointersOf(back, stored)).toEqual([]);
    expect(accessSettingsOf(back, 'trigger-1', stored)).toEqual({ handshake });
  });

  it('is one of those that are known, without more; null leaves it to auth', () => {
    for (const type of ['none', 'slack', 'microsoft-graph', 'cloudevents']) {
      expect(pointersOf({ handshake: { type } })).toEqual([]);
      expect(accessSettingsOf({ handshake: { type } }, 't', null)).toEqual({ handshake: { type } });
    }
    expect(pointersOf({ handshake: null })).toEqual([]);
    expect(accessSettingsOf({ handshake: null }, 't', null)).toEqual({ handshake: null });
    expect(accessSettingsOf({}, 't', null)).toEqual({});
  });

  it.each<[unknown, string[]]>([
    ['slack', ['/handshake']],
    [{}, ['/handshake/type']],
    [{ type: 'zoom' }, ['/handshake/type']],
    [{ type: 'slack', verifyToken: 'x' }, ['/handshake/verifyToken']],
    [{ type: 'meta' }, ['/handshake/verifyToken']],
    [{ type: 'meta', verifyToken: '' }, ['/handshake/verifyToken']],
  ])('%j is refused at %j', (handshake, pointers) => expect(pointersOf({ handshake })).toEqual(pointers));
});
