import { describe, expect, it } from 'vitest';
import { defaultAuthOf, profileProblems, TRIGGER_PROFILES, urlOfTrigger } from './trigger-profile.rules.ts';

const pointers = (...parameters: Parameters<typeof profileProblems>): string[] =>
  profileProblems(...parameters).map((problem) => problem.pointer);

describe('what a profile says of its triggers', () => {
  it.each([
    ['native', 'https://x/t/T'],
    ['run', 'https://x/api/webhooks/T/runs'],
    ['flow', 'https://x/v1/flow-webhook/F'],
    ['listener', 'https://x/apps/A/webhooks/T'],
  ] as const)('%s: where requests go', (profile, url) => {
    expect(urlOfTrigger({ profile, id: 'T', appId: 'A', flowId: 'F' }, 'https://x')).toBe(url);
  });

  it('how callers show who they are by default', () => {
    expect(TRIGGER_PROFILES.map((profile) => defaultAuthOf(profile).type)).toEqual([
      'bearer',
      'header',
      'bearer',
      'none',
    ]);
    expect(defaultAuthOf('run')).toEqual({ type: 'header', name: 'X-Sluice-Webhook-Token' });
  });

  it('which methods and kinds of authentication its vendor knows', () => {
    expect(pointers('native', { methods: ['DELETE'], auth: { type: 'none' } })).toEqual([]);
    expect(pointers('run', { methods: ['POST', 'PUT'], auth: { type: 'none' } })).toEqual(['/methods', '/auth/type']);
    expect(pointers('flow', { methods: ['POST', 'GET'], auth: { type: 'none' } })).toEqual([]);
    expect(pointers('flow', { methods: ['PUT'], auth: { type: 'header' } })).toEqual(['/methods', '/auth/type']);
    expect(pointers('listener', { auth: { type: 'bearer' } })).toEqual(['/auth/type']);
  });

  it('leaves to others what is absent, of the wrong type, or no profile', () => {
    expect(pointers('run', {})).toEqual([]);
    expect(pointers('run', { methods: 'PUT', auth: [] })).toEqual([]);
    expect(pointers('run', { auth: null })).toEqual([]);
    expect(pointers('constructor', { methods: ['PUT'] })).toEqual([]);
    expect(pointers({}, { methods: ['PUT'] })).toEqual([]);
  });
});
