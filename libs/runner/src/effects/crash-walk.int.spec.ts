import { Logger } from '@nestjs/common';
import type { FlowDefinition } from '@sluice/contracts';
import type { Respond } from '@sluice/testing';
import { beforeAll, expect, test } from 'vitest';
import { SILENT } from '../runner.fixture.ts';
import { openWorld, walk } from './crash-walk.fixture.ts';

beforeAll(() => Logger.overrideLogger(SILENT));

/** Answers the first request to `/flaky` of each key with 503. */
function flakyOnce(): Respond {
  const refused = new Set<unknown>();
  return ({ path, headers }) => {
    const key = headers['idempotency-key'];
    if (!path.endsWith('/flaky') || refused.has(key)) return { status: 200, body: path.split('/').at(-1) ?? '' };
    refused.add(key);
    return { status: 503, body: '' };
  };
}

type Step = { ref: string; type: string; [field: string]: unknown };
const WEBHOOK = { ref: 'web', type: 'webhook' };
const set = (ref: string, values: unknown): Step => ({ ref, type: 'set', values });
const callOf =
  (url: string) =>
  (ref: string, more = {}): Step => ({ ref, type: 'http', url: `${url}/${ref}`, ...more });

/** Every way in which a run may come to a stop between two steps. */
const flows = (childId: string, url: string, call = callOf(url)): Record<string, FlowDefinition> => ({
  loop: {
    steps: [
      WEBHOOK,
      {
        ref: 'each',
        type: 'foreach',
        in: ['a', 'b', 'c'],
        parallel: 2,
        steps: [call('c', { url: `${url}/{{ item }}` }), { ref: 'nap', type: 'delay', for: 'PT0.02S' }],
        collect: '{{ c.body }}',
      },
      { ref: 'told', type: 'emit', event: 'looped', data: '{{ each }}' },
      set('all', '{{ each }}'),
    ],
  },
  branches: {
    steps: [
      WEBHOOK,
      {
        ref: 'both',
        type: 'parallel',
        branches: {
          left: [call('flaky', { retry: { maxAttempts: 3, backoff: 'PT0.02S' } }), set('l', '{{ flaky.status }}')],
          right: [
            { ref: 'kind', type: 'switch', on: 1, cases: [{ equals: 1, steps: [call('one')] }] },
            set('r', '{{ one.body }}'),
          ],
        },
      },
      { ref: 'told', type: 'emit', event: 'joined', data: '{{ both }}' },
      set('out', '{{ both }}'),
    ],
  },
  child: {
    steps: [
      WEBHOOK,
      { ref: 'early', type: 'respond', body: 'thanks' },
      { ref: 'child', type: 'run_flow', flow: childId, input: 20 },
      { ref: 'told', type: 'emit', event: 'child.ended', data: '{{ child.result }}' },
      set('out', '{{ child.result }}'),
    ],
  },
  failing: {
    steps: [
      WEBHOOK,
      { ref: 'f', type: 'fail', if: '{{ web }}', message: 'first', onError: { goto: 'second' } },
      call('never'),
      { ref: 'second', type: 'fail', message: 'second' },
    ],
    onError: { steps: [call('sorry'), { ref: 'told', type: 'emit', event: 'failed', data: '{{ error.ref }}' }] },
  },
});

// Side by side, because most of the time a lease has to run out.
test.concurrent.each(Object.keys(flows('', '')))(
  'FL-05: a run ends as without a crash, wherever its process dies: %s',
  { timeout: 300_000 },
  async (name) => {
    const world = await openWorld(flakyOnce());
    try {
      const child = await world.neighbours.flowInRegistryOnly({
        steps: [WEBHOOK, { ref: 'nap', type: 'delay', for: 'PT0.02S' }, set('x', '{{ web + 1 }}')],
      });
      const definition = flows(child.id, world.receiver.url)[name] as FlowDefinition;
      const { expected, outcomes } = await walk(world, { definition });
      expect(outcomes).toEqual(outcomes.map(() => expected));
      expect(outcomes.length).toBeGreaterThan(6);
    } finally {
      await world.close();
    }
  },
);
