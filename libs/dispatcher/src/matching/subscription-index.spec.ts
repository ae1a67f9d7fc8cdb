import type { EndpointState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { exampleEndpoint } from '@sluice/testing';
import { SubscriptionIndex } from './subscription-index.ts';

function indexOf(...endpoints: EndpointState[]): SubscriptionIndex {
  const index = new SubscriptionIndex();
  for (const endpoint of endpoints) index.add(endpoint);
  return index;
}

describe('DL-02, ET-06: subscriptions by event type', () => {
  it.each([
    [['*'], 'anything.at.all', true],
    [['order.placed'], 'order.placed', true],
    [['order.placed'], 'order.placed.twice', false],
    [['order.*'], 'order.placed', true],
    [['order.*'], 'order.item.added', true],
    [['order.item.*'], 'order.item.added', true],
    [['order.*'], 'order', false],
    [['order.*'], 'orders.placed', false],
    [['a.b', 'order.*'], 'order.x', true],
    [['*'], '*', true],
    [[], 'order.x', false],
  ])('%j against %s is %s', (events, type, expected) => {
    expect(indexOf(exampleEndpoint({ events })).of(type).plain).toHaveLength(expected ? 1 : 0);
  });

  it('an endpoint that covers a type twice gets the event once', () => {
    expect(indexOf(exampleEndpoint({ events: ['*', 'order.*', 'order.x'] })).of('order.x').plain).toHaveLength(1);
  });

  it('follows changes, also for a type that was asked for before', () => {
    const [before, after] = [exampleEndpoint({ events: ['a'] }), exampleEndpoint({ events: ['b'] })];
    const index = indexOf(before);
    expect(index.of('a').plain).toEqual([before]);
    index.remove(before);
    index.add(after);
    expect([index.of('a').plain, index.of('b').plain]).toEqual([[], [after]]);
  });

  it('ET-06: a disabled endpoint gets nothing', () => {
    expect(indexOf(exampleEndpoint({ enabled: false, events: ['*'] })).of('a').plain).toEqual([]);
  });

  it('tells apart those whose filter is to be asked', () => {
    const [plain, filtered] = [exampleEndpoint(), exampleEndpoint({ filter: 'event.data.total > 1' })];
    expect(indexOf(plain, filtered).of('a')).toEqual({ plain: [plain], filtered: [filtered] });
  });

  it('LU-14: SIEM endpoints get every activity and nothing else, other inline endpoints nothing', () => {
    const inline = { kind: 'inline' as const, events: [] };
    const siem = exampleEndpoint({ ...inline, hookType: 'SIEM' });
    const index = indexOf(siem, exampleEndpoint({ ...inline, hookType: 'PROVISION' }));
    expect(index.of('Flow.Created').plain).toEqual([siem]);
    expect(index.of('order.created').plain).toEqual([]);
  });

  it('bounds what it keeps ready, whatever types producers make up', () => {
    const index = indexOf(exampleEndpoint({ events: ['*'] }));
    for (let number = 0; number < 5_000; number++) index.of(`made.up.${number}`);
    expect(index.of('made.up.0').plain).toHaveLength(1);
  });
});
