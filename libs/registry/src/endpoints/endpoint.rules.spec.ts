import type { EndpointState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { endpointProblems } from '@sluice/endpoints';
import { MASK } from '../sealing/sealing.decider.ts';
import { createEndpoint, DEFAULT_SCHEDULE, changeEndpoint, deleteEndpoint } from './endpoint.decider.ts';

const NOW = '2026-02-02T00:00:00.000Z';
let ids = 0;
const nextId = (): string => `sealed-${++ids}`;
const outbound = {
  checkUrl: (url: string) => (url.startsWith('https://') ? null : 'is not allowed'),
  headerProblem: (name: string, value: string) => (name === 'host' || value.includes('\n') ? 'cannot be sent' : null),
  etlPrefix: 'X-Shop-Hook',
};
const IDENTITY = { id: 4, uuid: 'u', appId: 'app' };
const SENT = { kind: 'event' as const, name: 'Shop', url: 'https://x.example', events: ['*'] };

function stored(change: object = {}): EndpointState {
  return createEndpoint(IDENTITY, { ...SENT, ...change }, NOW, nextId).state;
}

const pointersOf = (sent: Record<string, unknown>, before: EndpointState | null = null): string[] =>
  endpointProblems({ url: 'https://x.example', ...sent }, before, outbound).map((problem) => problem.pointer);

describe('rules of an endpoint', () => {
  const bad: [string, Record<string, unknown>, string[]][] = [
    ['no url', { url: undefined }, ['/url']],
    ['a url that is not text', { url: 5 }, ['/url']],
    ['DL-07: a private address', { url: 'http://10.0.0.1/' }, ['/url']],
    ['a url of 3,000 characters', { url: `https://x.example/${'x'.repeat(3000)}` }, ['/url']],
    ['headers that are no list', { headers: { 'X-A': 'b' } }, ['/headers']],
    ['51 headers', { headers: Array.from({ length: 51 }, (_, i) => ({ key: `X-${i}`, value: '' })) }, ['/headers']],
    ['a header that is text', { headers: ['X-A: b'] }, ['/headers/0']],
    ['a header with a number', { headers: [{ key: 'X-A', value: 5 }] }, ['/headers/0/value']],
    ['a header without a key', { headers: [{ value: 'x' }] }, ['/headers/0/key']],
    ['an unknown field of a header', { headers: [{ key: 'X-A', value: 'b', 'c/d': 1 }] }, ['/headers/0/c~1d']],
    ['header injection', { headers: [{ key: 'X-A', value: 'a\nX-B: c' }] }, ['/headers/0']],
    [
      'a header twice',
      {
        headers: [
          { key: 'X-A', value: '1' },
          { key: 'x-a', value: '2' },
        ],
      },
      ['/headers/1/key'],
    ],
    [
      'ET-08: a header of the configured prefix',
      { headers: [{ key: 'x-shop-hook-id', value: 'x' }] },
      ['/headers/0/key'],
    ],
    ['ET-08: our own headers', { headers: [{ key: 'X-Etl-Webhook-Signature', value: 'x' }] }, ['/headers/0/key']],
    ['ET-08: the standard ones', { headers: [{ key: 'webhook-id', value: 'x' }] }, ['/headers/0/key']],
    ['the mask without a stored header', { headers: [{ key: 'X-A', value: MASK }] }, ['/headers/0/value']],
    ['the mask without a stored secret', { secret: MASK }, ['/secret']],
    ['a secret that is a number', { secret: 5 }, ['/secret']],
    ['a secret of 600 characters', { secret: 'x'.repeat(600) }, ['/secret']],
    ['whsec_ that is not base64', { secret: 'whsec_%%%' }, ['/secret']],
    ['a password without a user', { basicPass: 'x' }, ['/basicPass']],
    ['a user with a colon', { basicUser: 'a:b', basicPass: 'x' }, ['/basicUser']],
    ['retry as a number', { retry: 3 }, ['/retry']],
    ['a schedule without attempts', { retry: { schedule: [] } }, ['/retry/schedule']],
    ['21 attempts', { retry: { schedule: Array.from({ length: 21 }, () => 'PT1S') } }, ['/retry/schedule']],
    ['a delay in seconds', { retry: { schedule: ['PT0S', 5] } }, ['/retry/schedule/1']],
    ['a delay of a month', { retry: { schedule: ['P30D'] } }, ['/retry/schedule/0']],
    ['an unknown field of retry', { retry: { schedule: ['PT0S'], max: 1 } }, ['/retry/max']],
  ];
  it.each(bad)('refuse %s', (_what, sent, pointers) => expect(pointersOf(sent)).toEqual(pointers));

  it('tell every problem at once', () => {
    const sent = { url: 'x', headers: [5], secret: 5, basicPass: 'x', retry: 1 };
    expect(pointersOf(sent)).toEqual(['/url', '/headers/0', '/secret', '/retry', '/basicPass']);
  });

  it('let the masks through that a read has shown', () => {
    const before = stored({ secret: 's', basicUser: 'u', basicPass: 'p', headers: [{ key: 'X-A', value: 'v' }] });
    const sent = { url: undefined, secret: MASK, basicPass: MASK, headers: [{ key: 'x-a', value: MASK }] };
    expect(pointersOf(sent, before)).toEqual([]);
  });

  it.each(['', 'plain', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_YQ', null])('accept the secret %j', (secret) =>
    expect(pointersOf({ secret })).toEqual([]),
  );
});

describe('an endpoint', () => {
  it('gets the defaults of api.md', () => {
    expect(stored()).toEqual({
      ...IDENTITY,
      kind: 'event',
      name: 'Shop',
      description: '',
      events: ['*'],
      url: 'https://x.example',
      method: 'POST',
      contentType: 'application/json',
      includeEntity: true,
      enabled: true,
      headers: [],
      secret: null,
      basicUser: null,
      basicPass: null,
      format: 'etl',
      retrySchedule: DEFAULT_SCHEDULE,
      rateLimit: null,
      concurrency: 10,
      createdAt: NOW,
      updatedAt: NOW,
      hookType: null,
      filter: null,
      transform: null,
      ordering: null,
      publicKey: null,
    });
    expect(DEFAULT_SCHEDULE).toHaveLength(8);
  });

  it('never holds a secret in clear', () => {
    const decision = createEndpoint(
      IDENTITY,
      { ...SENT, secret: 'hush', basicUser: 'u', basicPass: 'hush', headers: [{ key: 'X', value: 'hush' }] },
      NOW,
      nextId,
    );
    expect(JSON.stringify(decision.event)).not.toContain('hush');
    expect(decision.sealing.seal.map((each) => each.plaintext)).toEqual(['hush', 'hush', 'hush']);
  });

  it('is not changed by what it is already, nor by its own masks', () => {
    const state = stored({ secret: 's' });
    const same = { name: 'Shop', secret: MASK, enabled: true, retrySchedule: DEFAULT_SCHEDULE };
    expect(changeEndpoint({ state, streamVersion: 1 }, same, NOW, nextId).event).toBeNull();
  });

  it('null gives the default schedule back, and no user means no password', () => {
    const state = stored({ basicUser: 'u', basicPass: 'p', retrySchedule: ['PT0S'] });
    const sent = { retrySchedule: null, basicUser: null };
    const after = changeEndpoint({ state, streamVersion: 1 }, sent, NOW, nextId);
    expect(after.state).toMatchObject({ retrySchedule: DEFAULT_SCHEDULE, basicUser: null, basicPass: null });
    expect(after.sealing.remove).toEqual([state.basicPass?.id]);
  });

  it('takes all it sealed with it', () => {
    const state = stored({ secret: 's', basicUser: 'u', basicPass: 'p', headers: [{ key: 'X', value: 'v' }] });
    expect(deleteEndpoint({ state, streamVersion: 1 }, NOW).sealing.remove).toHaveLength(3);
  });
});
