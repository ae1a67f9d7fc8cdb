import type { TriggerAuth } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { curlOf, exampleBodyOf } from './trigger.rules.ts';

describe('instructions', () => {
  const body = { name: "it's" };

  it('LT-02: a curl that can be pasted, with the token and a body like the inputs', () => {
    expect(curlOf('https://x.example/t/1', { type: 'bearer' }, 'POST', 'tok', body)).toBe(
      `curl -sS -X POST 'https://x.example/t/1' -H 'Authorization: Bearer tok' -H 'Content-Type: application/json' -d '{"name":"it'\\''s"}'`,
    );
    expect(curlOf('https://x.example/t/1', { type: 'header', name: 'X-Key' }, 'GET', 'tok', body)).toBe(
      `curl -sS -X GET 'https://x.example/t/1' -H 'X-Key: tok'`,
    );
    expect(curlOf('https://x.example/t/1', { type: 'none' }, 'DELETE', null, body)).toBe(
      `curl -sS -X DELETE 'https://x.example/t/1'`,
    );
  });

  it('shows what proves a request, and leaves open what has to be computed', () => {
    const curl = (auth: TriggerAuth, secret: string | null = null) => curlOf('u', auth, 'GET', secret, null);
    expect(curl({ type: 'basic', user: "it's" }, 'pw')).toBe(`curl -sS -X GET 'u' -u 'it'\\''s:pw'`);
    expect(curl({ type: 'hmac', preset: 'slack' }, 'a secret')).toBe(
      `curl -sS -X GET 'u' -H 'X-Slack-Signature: v0=<signature>'`,
    );
    const jwt: TriggerAuth = { type: 'jwt', algorithms: ['HS256'], leewaySeconds: 30 };
    expect(curl(jwt, 'a secret')).toBe(`curl -sS -X GET 'u' -H 'Authorization: Bearer <jwt>'`);
    expect(curl({ ...jwt, header: 'X-Jwt' })).toContain(`'X-Jwt: <jwt>'`);
  });

  it('shapes the example by the declared inputs', () => {
    const inputs = {
      id: { type: 'integer' },
      tags: { type: 'array' },
      on: { type: 'boolean' },
      who: { type: 'string' },
    };
    expect(exampleBodyOf({ inputs, steps: [] })).toEqual({ id: 1, tags: [], on: true, who: 'text' });
    expect(exampleBodyOf({ steps: [] })).toEqual({ hello: 'world' });
  });
});
