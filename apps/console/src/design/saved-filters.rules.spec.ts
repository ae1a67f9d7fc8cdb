import { expect, test } from 'vitest';
import { savedOf, screenOf, withSaved } from './saved-filters.rules.ts';

test('CO-02: filters are kept by screen, and what is unreadable is none', () => {
  expect(screenOf('/apps/0190/runs')).toBe('sluice.filters/runs');
  expect(savedOf('{')).toEqual([]);
  expect(savedOf('[{"name":"a","search":"?s=1"},{"name":1},null]')).toEqual([{ name: 'a', search: '?s=1' }]);
});

test('CO-02: a filter of the same name replaces the one before, and there are fifty at most', () => {
  const all = Array.from({ length: 50 }, (_, index) => ({ name: `f${index}`, search: '' }));
  expect(withSaved(all, { name: 'f3', search: '?x' }).at(-1)).toEqual({ name: 'f3', search: '?x' });
  expect(withSaved(all, { name: 'new', search: '' })).toHaveLength(50);
});
