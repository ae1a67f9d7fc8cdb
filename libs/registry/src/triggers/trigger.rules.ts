import type { FieldProblem, FlowDefinition, TriggerAuth } from '@sluice/contracts';
import { DEFAULT_TOKEN_HEADER } from './trigger-profile.rules.ts';

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;
/** Headers with a meaning of their own, which proxies and servers read, change or drop. */
const NOT_FOR_TOKENS = new Set([
  'accept',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
  'x-forwarded-for',
]);

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** What is wrong with `auth` as it was sent; nothing when it is absent. */
export function authProblems(auth: unknown): FieldProblem[] {
  if (auth === undefined) return [];
  if (!isObject(auth)) return [{ pointer: '/auth', message: 'must be an object such as {"type": "bearer"}' }];
  const known = auth.type === 'header' ? ['type', 'name'] : ['type'];
  const problems = Object.keys(auth)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      pointer: `/auth/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: `unknown field "${name}"`,
    }));
  if (auth.type !== 'bearer' && auth.type !== 'header' && auth.type !== 'none') {
    problems.push({ pointer: '/auth/type', message: 'must be "bearer", "header" or "none"' });
  }
  if (auth.type === 'header' && auth.name !== undefined) problems.push(...headerNameProblems(auth.name));
  return problems;
}

function headerNameProblems(name: unknown): FieldProblem[] {
  const pointer = '/auth/name';
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    return [{ pointer, message: 'must be the name of a header, at most 100 characters' }];
  }
  if (NOT_FOR_TOKENS.has(name.toLowerCase()))
    return [{ pointer, message: `${name} has a meaning of its own: choose another` }];
  return [];
}

/** `auth` as it is stored. */
export function authOf(auth: unknown): TriggerAuth {
  const sent = auth as { type: 'bearer' | 'header' | 'none'; name?: string };
  if (sent.type === 'header') return { type: 'header', name: sent.name ?? DEFAULT_TOKEN_HEADER };
  return { type: sent.type };
}

const EXAMPLES: Record<string, unknown> = { integer: 1, number: 1.5, boolean: true, object: {}, array: [] };

/** A body shaped like the flow's declared inputs (LT-02). */
export function exampleBodyOf(definition: FlowDefinition): Record<string, unknown> {
  const inputs = Object.entries(definition.inputs ?? {});
  if (inputs.length === 0) return { hello: 'world' };
  return Object.fromEntries(inputs.map(([name, input]) => [name, EXAMPLES[input.type] ?? 'text']));
}

/** One line for a shell; the token stands in it in clear, so it is shown together with the token only. */
export function curlOf(url: string, auth: TriggerAuth, method: string, token: string | null, body: unknown): string {
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = ['curl', '-sS', '-X', method, quote(url)];
  if (auth.type === 'bearer') parts.push('-H', quote(`Authorization: Bearer ${token ?? '<token>'}`));
  if (auth.type === 'header') parts.push('-H', quote(`${auth.name}: ${token ?? '<token>'}`));
  if (method !== 'GET' && method !== 'DELETE') {
    parts.push('-H', quote('Content-Type: application/json'), '-d', quote(JSON.stringify(body)));
  }
  return parts.join(' ');
}
