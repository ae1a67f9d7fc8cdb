import { describe, expect, it } from 'vitest';
import { registryOfFile } from '../registry.fixture.ts';

const { call } = registryOfFile();

const calling = (flow: string, more = {}) => [
  { ref: 'web', type: 'webhook' },
  { ref: 'r', type: 'run_flow', flow, ...more },
];
const plain = [{ ref: 'web', type: 'webhook' }];

async function saved(name: string, steps: unknown, more = {}): Promise<{ id: string; number: number }> {
  const { status, body } = await call('POST', '/v1/flows', { name, steps, status: 'active', ...more });
  expect([status, body.errors]).toEqual([201, undefined]);
  return { id: String(body.id), number: Number(body.number) };
}
const patch = (id: string, body: object) => call('PATCH', `/v1/flows/${id}`, body);
const refusal = (pointer: string, path: string) => ({
  status: 422,
  body: { code: 'invalid_request', errors: [{ pointer, message: expect.stringContaining(path) as string }] },
});

describe('FL-02: flows that would call each other in every run', () => {
  it('a flow that calls itself by its name, its number or its id is refused', async () => {
    expect(await call('POST', '/v1/flows', { name: 'Self', steps: calling('Self') })).toMatchObject(
      refusal('/steps/1/flow', '"Self" → "Self"'),
    );
    const { id, number } = await saved('Later', plain);
    for (const name of [id, id.toUpperCase(), String(number), 'Later']) {
      expect(await patch(id, { steps: calling(name) })).toMatchObject(refusal('/steps/1/flow', '"Later" → "Later"'));
    }
    expect((await call('GET', `/v1/flows/${id}`)).body).toMatchObject({ version: 1, steps: plain });
  });

  it('two and three flows are refused by the one that closes the ring, with the way', async () => {
    const { id } = await saved('A', plain);
    await saved('B', calling('A'));
    await saved('C', calling('B', { wait: true }));
    expect(await patch(id, { steps: calling('B') })).toMatchObject(refusal('/steps/1/flow', '"A" → "B" → "A"'));
    expect(await patch(id, { steps: calling('C') })).toMatchObject(refusal('/steps/1/flow', '"A" → "C" → "B" → "A"'));
    expect((await patch(id, { steps: calling('C'), status: 'draft' })).status).toBe(422);
    expect((await call('PATCH', `/v1/flows/${id}?dryRun=true`, { steps: calling('C') })).status).toBe(422);
  });

  it('what is under a condition, or goes on from the failure, may call itself: the depth is its limit', async () => {
    const { id } = await saved('Tree', calling('Tree', { if: '{{ web.n > 0 }}', input: { n: '{{ web.n - 1 }}' } }));
    expect((await patch(id, { steps: calling('Tree', { onError: 'continue' }) })).status).toBe(200);
    expect((await patch(id, { steps: calling('{{ flow.id }}') })).status).toBe(200);
  });

  it('a chain that nobody waits for may end by a call before it, and is refused where nothing can', async () => {
    const page = { ref: 'page', type: 'http', url: 'https://example.org/next', expect: [200] };
    const next = { ref: 'r', type: 'run_flow', flow: 'Pages', wait: false };
    const { id } = await saved('Pages', [page, next]);
    expect(await patch(id, { steps: [next] })).toMatchObject(refusal('/steps/0/flow', '"Pages" → "Pages"'));
  });

  it('the published version of the others counts, not their drafts; publishing looks again', async () => {
    const first = await saved('First', plain);
    const second = await saved('Second', plain);
    expect((await patch(second.id, { steps: calling('First') })).status).toBe(200);
    expect((await patch(first.id, { steps: calling('Second') })).status).toBe(200);
    expect((await call('POST', `/v1/flows/${first.id}/publish`)).status).toBe(200);
    expect(await call('POST', `/v1/flows/${second.id}/publish`)).toMatchObject(
      refusal('/version', '"Second" → "First" → "Second"'),
    );
    expect((await patch(second.id, { steps: plain })).status).toBe(200);
  });

  it('a name that is another flow’s, two flows’ or nobody’s is no way back', async () => {
    await saved('Twin', plain);
    await saved('Twin', calling('Nobody'));
    const { id } = await saved('Single', calling('Twin'));
    expect((await patch(id, { name: 'Nobody' })).status).toBe(200);
  });

  it('a new name that closes the ring is refused', async () => {
    const { id } = await saved('Old name', calling('Partner'));
    await saved('Partner', calling('New name'));
    expect(await patch(id, { name: 'New name' })).toMatchObject(
      refusal('/steps/1/flow', '"New name" → "Partner" → "New name"'),
    );
  });

  it('a draft that closes the ring is refused when a change of status would publish it', async () => {
    const first = await saved('Ring one', plain);
    const second = await saved('Ring two', plain);
    await patch(second.id, { steps: calling('Ring one') });
    await patch(first.id, { steps: calling('Ring two') });
    expect((await patch(first.id, { status: 'active' })).status).toBe(200);
    expect(await patch(second.id, { status: 'active' })).toMatchObject(
      refusal('/status', '"Ring two" → "Ring one" → "Ring two"'),
    );
    expect((await patch(second.id, { status: 'paused' })).status).toBe(200);
  });

  it('of changes at one moment that would close a ring together, one is refused', async () => {
    for (let round = 0; round < 8; round++) {
      const names = ['x', 'y', 'z'].map((each) => `Moment ${each} ${round}`);
      const flows = await Promise.all(names.map((name) => saved(name, plain)));
      const answers = await Promise.all(
        flows.map(({ id }, index) =>
          patch(id, { steps: calling(names[(index + 1) % names.length] as string), status: 'active' }),
        ),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 422]);
    }
  });
});
