import { describe, expect, it } from 'vitest';
import { authOf, authProblems, curlOf, exampleBodyOf } from './trigger.rules.ts';

const pointersOf = (auth: unknown): string[] => authProblems(auth).map((problem) => problem.pointer);

describe('auth of a trigger', () => {
  it.each([
    [{ type: 'bearer' }, { type: 'bearer' }],
    [{ type: 'none' }, { type: 'none' }],
    [{ type: 'header' }, { type: 'header', name: 'X-Sluice-Webhook-Token' }],
    [
      { type: 'header', name: 'X-Key' },
      { type: 'header', name: 'X-Key' },
    ],
  ])('%j is stored as %j', (sent, stored) => {
    expect(pointersOf(sent)).toEqual([]);
    expect(authOf(sent)).toEqual(stored);
  });

  it.each([
    [null, ['/auth']],
    ['bearer', ['/auth']],
    [[], ['/auth']],
    [{}, ['/auth/type']],
    [{ type: 'hmac' }, ['/auth/type']],
    [{ type: 'bearer', name: 'X' }, ['/auth/name']],
    [{ type: 'none', 'a/b': 1 }, ['/auth/a~1b']],
    [{ type: 'header', name: 'two words' }, ['/auth/name']],
    [{ type: 'header', name: 'X:\r\nY' }, ['/auth/name']],
    [{ type: 'header', name: 'Authorization' }, ['/auth/name']],
    [{ type: 'header', name: 'content-LENGTH' }, ['/auth/name']],
    [{ type: 'header', name: 5, extra: 1 }, ['/auth/extra', '/auth/name']],
  ])('%j is refused at %j', (sent, pointers) => expect(pointersOf(sent)).toEqual(pointers));
});

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
