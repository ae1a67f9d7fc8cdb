import { waitFor } from '@sluice/testing';
import { expect } from 'vitest';
import type { Api } from './api.ts';

/** Profiles whose callers may wait, and the fields of the errors they answer with. */
const PROFILES = [
  { profile: 'native', auth: 'bearer', fields: ['code', 'title'] },
  { profile: 'flow', auth: 'bearer', fields: ['error', 'message'] },
  { profile: 'listener', auth: 'none', fields: ['message', 'reason'] },
];

/** One caller of each profile, all of whom wait for a run that takes ten seconds. */
export async function askAndWait(api: Api, waiting: () => Promise<number | undefined>): Promise<Promise<Response>[]> {
  const steps = [
    { ref: 'request', type: 'webhook' },
    { ref: 'pause', type: 'delay', for: 'PT10S' },
  ];
  const flow = await api.flow(steps, { response: { mode: 'sync' }, listener: 'slow' });
  const triggers: { url: string; token: string }[] = [];
  for (const { profile, auth } of PROFILES)
    triggers.push(await api.trigger(flow.id, { profile, auth: { type: auth } }));
  // All at once: none of the runs ends while others are only set up.
  const asked = triggers.map(({ url, token }) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return fetch(url, { method: 'POST', headers, body: '{"n": 7}' });
  });
  await waitFor(async () => (await waiting()) === PROFILES.length, 20_000, 'callers that wait');
  return asked;
}

/** Each is told 503 in the shape of its profile, and where its run is. @returns the ids of the runs. */
export async function expectToldOfTheStop(asked: readonly Promise<Response>[]): Promise<string[]> {
  const runs: string[] = [];
  for (const [index, { fields }] of PROFILES.entries()) {
    const answer = (await asked[index]) as Response;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(Object.keys((await answer.json()) as object)).toEqual(expect.arrayContaining(fields));
    runs.push(/\/v1\/runs\/([0-9a-f-]{36})$/.exec(answer.headers.get('location') ?? '')?.[1] ?? 'none');
  }
  return runs;
}

/** The runs go on without their callers. */
export async function expectToSucceed(api: Api, runs: readonly string[]): Promise<void> {
  for (const run of runs) {
    await waitFor(
      async () => (await api.call('GET', `/v1/runs/${run}`)).body.status === 'succeeded',
      60_000,
      `the end of run ${run}`,
    );
  }
}
