/** What a test request needs to know of its trigger. */
export interface Callable {
  url: string;
  methods: readonly string[];
  auth: Readonly<Record<string, unknown>>;
  profile: string;
}

/** How a trigger is called from here: `token` with a token in a header, `open` without, `none` not at all. */
export type Way = 'token' | 'open' | 'none';

/** Signatures, passwords and JWTs are made by the sender's own program. */
export function wayOf({ auth, profile }: Pick<Callable, 'auth' | 'profile'>): Way {
  if (profile === 'listener') return 'none';
  if (profile === 'flow' || auth.type === 'bearer' || auth.type === 'header') return 'token';
  return auth.type === 'none' ? 'open' : 'none';
}

/**
 * The request as `fetch` takes it. It goes to this site, whatever name the trigger's URL has for it, so that the page's
 * policy allows it; the session's cookie stays here.
 */
export function testRequestOf(trigger: Callable, token: string, body: string): { path: string; init: RequestInit } {
  const { pathname, search } = new URL(trigger.url);
  const method = trigger.methods[0] ?? 'POST';
  const proof: Record<string, string> =
    wayOf(trigger) === 'open' || token === ''
      ? {}
      : trigger.auth.type === 'header'
        ? { [String(trigger.auth.name)]: token }
        : { authorization: `Bearer ${token}` };
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const headers = { ...proof, ...(hasBody ? { 'content-type': 'application/json' } : {}) };
  return { path: pathname + search, init: { method, headers, credentials: 'omit', ...(hasBody ? { body } : {}) } };
}

/** The body of the curl that came with a new trigger: it has the shape of the flow's inputs. */
export function exampleBodyOf(curl: string | null): string {
  return /\s(?:-d|--data(?:-raw|-binary)?) '([^']*)'/.exec(curl ?? '')?.[1] ?? '{"hello": "world"}';
}

/** The run that an answer tells of; null when it tells of none. */
export function runIdOf(text: string): string | null {
  try {
    const { run_id: runId, id } = JSON.parse(text) as { run_id?: unknown; id?: unknown };
    const found = runId ?? id;
    return typeof found === 'string' && /^[0-9a-f-]{36}$/.test(found) ? found : null;
  } catch {
    return null; // a synchronous flow answers with whatever it likes
  }
}
