import { hashToken } from '@sluice/access';
import { describe, expect, it } from 'vitest';
import { freshToken } from './trigger-token.ts';

const NOW = '2026-02-02T00:00:00.000Z';
const FLOW_ID = '01930000-0000-7000-8000-0000000000f1';

describe('LC-03: a token of profile flow', () => {
  const { clear, stored } = freshToken({ profile: 'flow', flowId: FLOW_ID }, NOW);

  it('looks like a JWT: ey…, more than 50 characters, three parts of which two are JSON', () => {
    expect(clear).toMatch(/^ey[\w-]+\.ey[\w-]+\.[\w-]{43}$/);
    expect(clear.length).toBeGreaterThan(50);
    const parts = clear.split('.').slice(0, 2);
    const [header, payload] = parts.map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(payload).toEqual({ iss: 'sluice', sub: FLOW_ID, jti: stored.id, iat: Date.parse(NOW) / 1000 });
  });

  it('is hashed for the gateway and sealed for its readers', () => {
    expect(stored).toEqual({
      id: expect.any(String) as string,
      sha256: hashToken(clear),
      createdAt: NOW,
      sealed: { id: expect.any(String) as string, version: 1 },
    });
  });

  it('is another one each time', () => {
    expect(freshToken({ profile: 'flow', flowId: FLOW_ID }, NOW).clear).not.toBe(clear);
  });
});

it('RG-06: the tokens of the other profiles are hashed only', () => {
  const { clear, stored } = freshToken({ profile: 'run', flowId: FLOW_ID }, NOW);
  expect(clear).toMatch(/^sluice_trg_[\w-]{43}$/);
  expect(stored).not.toHaveProperty('sealed');
});
