import { describe, expect, it } from 'vitest';
import { requestSettingsOf, requestSettingsProblems } from './request-settings.rules.ts';

const pointers = (sent: Record<string, unknown>): string[] =>
  requestSettingsProblems(sent).map(({ pointer }) => pointer);

describe('settings of a trigger’s requests', () => {
  it.each([
    {},
    { idempotency: null, rateLimit: null, cors: null },
    { idempotency: '{{ body.order_id }}' },
    { idempotency: "{{ headers['x-event-id'] }}-{{ query.part }}" },
    { rateLimit: { requests: 1, windowSeconds: 86_400 } },
    { cors: { origins: ['*', 'https://shop.example', 'http://localhost:5173'] } },
  ])('take %j', (sent) => {
    expect(requestSettingsProblems(sent)).toEqual([]);
  });

  it.each<[Record<string, unknown>, string[]]>([
    [{ idempotency: '' }, ['/idempotency']],
    [{ idempotency: 7 }, ['/idempotency']],
    [{ idempotency: '{{ body.' }, ['/idempotency']],
    [{ idempotency: 'always the same' }, ['/idempotency']],
    [{ idempotency: '{{ secrets.key }}' }, ['/idempotency']],
    [{ idempotency: `{{ body.a }}${'x'.repeat(2_000)}` }, ['/idempotency']],
    [{ rateLimit: 10 }, ['/rateLimit']],
    [{ rateLimit: {} }, ['/rateLimit/requests', '/rateLimit/windowSeconds']],
    [{ rateLimit: { requests: 1.5, windowSeconds: 0 } }, ['/rateLimit/requests', '/rateLimit/windowSeconds']],
    [{ rateLimit: { requests: 1, windowSeconds: 60, burst: 2 } }, ['/rateLimit/burst']],
    [{ cors: ['*'] }, ['/cors']],
    [{ cors: { origins: [] } }, ['/cors/origins']],
    [{ cors: { origins: ['*'], credentials: true } }, ['/cors/credentials']],
    [
      {
        cors: {
          origins: ['https://shop.example/', 'shop.example', 'null', 'https://SHOP.example', 'https://a:443', 7],
        },
      },
      [0, 1, 2, 3, 4, 5].map((index) => `/cors/origins/${index}`),
    ],
  ])('refuse %j', (sent, expected) => {
    expect(pointers(sent)).toEqual(expected);
  });

  it('are changed only where they were sent', () => {
    expect(requestSettingsOf({})).toEqual({});
    expect(requestSettingsOf({ rateLimit: null, name: 'x' })).toEqual({ rateLimit: null });
  });
});
