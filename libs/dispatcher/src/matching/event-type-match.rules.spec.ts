import { describe, expect, it } from 'vitest';
import { coversAny } from './event-type-match.rules.ts';

describe('DL-02, ET-06: subscriptions by event type', () => {
  it.each([
    [['*'], 'anything.at.all', true],
    [['order.placed'], 'order.placed', true],
    [['order.placed'], 'order.placed.twice', false],
    [['order.*'], 'order.placed', true],
    [['order.*'], 'order.item.added', true],
    [['order.*'], 'order', false],
    [['order.*'], 'orders.placed', false],
    [['a.b', 'order.*'], 'order.x', true],
    [[], 'order.x', false],
  ])('%j against %s is %s', (patterns, type, expected) => {
    expect(coversAny(patterns, type)).toBe(expected);
  });
});
