import { expect, it } from 'vitest';
import { barOf, followedOf, idIn, placeOf, spanOf, type TimelineNode } from './timeline.rules.ts';

const node = (change: Partial<TimelineNode>): TimelineNode => ({
  kind: 'run',
  id: 'r',
  title: 'Run 1',
  status: 'succeeded',
  at: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:00:10.000Z',
  durationMs: 10_000,
  causedBy: null,
  detail: {},
  children: [],
  ...change,
});

it('LG-01: bars lie in the time of the whole tree', () => {
  const step = node({ kind: 'step', at: '2026-01-01T00:00:05.000Z', endedAt: '2026-01-01T00:00:10.000Z' });
  const root = node({ endedAt: '2026-01-01T00:00:08.000Z', children: [step] });
  const span = spanOf(root);
  expect(span.toMs - span.fromMs).toBe(10_000);
  expect(barOf(step, span)).toEqual({ start: 50, width: 50 });
  expect(barOf(root, span)).toEqual({ start: 0, width: 80 });
});

it('what goes on reaches to the end, what has no time has no bar, an instant is a mark inside', () => {
  const span = spanOf(node({}));
  expect(barOf(node({ at: '2026-01-01T00:00:02.000Z', endedAt: null }), span)).toEqual({ start: 20, width: 80 });
  expect(barOf(node({ at: null }), span)).toBeNull();
  const atEnd = '2026-01-01T00:00:10.000Z';
  expect(barOf(node({ at: atEnd, endedAt: atEnd }), span)).toEqual({ start: 99.5, width: 0.5 });
  expect(spanOf(node({ at: null, endedAt: null }))).toEqual({ fromMs: 0, toMs: 1 });
});

it('finds an id in whatever was pasted, and the screen of a node', () => {
  const id = '0199c2d0-8a3b-7c41-9f0e-3b1f5e6a7d90';
  expect(idIn(`GET /v1/runs/${id.toUpperCase()} 200`)).toBe(id);
  expect(idIn('no id 0199c2d0-8a3b')).toBeNull();
  expect([placeOf(node({ kind: 'event', id })), placeOf(node({ kind: 'step' }))]).toEqual([`events/${id}`, null]);
});

it('CO-01: a tree is followed by its run, which is told with all that came of it; one without a run by its root', () => {
  const run = node({ id: 'run' });
  expect(followedOf(node({ kind: 'request', id: 'request', children: [run] }))).toBe('run');
  expect(followedOf(node({ kind: 'event', id: 'event', children: [node({ kind: 'delivery', id: 'd' })] }))).toBe(
    'event',
  );
});
