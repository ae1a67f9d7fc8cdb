import { expect, it } from 'vitest';
import { patched } from './first-page.rules.ts';

it('rows that are shown get their new state where they stand; new ones are only counted', () => {
  const shown = {
    pages: [{ items: [{ id: 'b', n: 1 }], nextCursor: 'x' }, { items: [{ id: 'a', n: 1 }] }],
    pageParams: [],
  };
  const { next, count } = patched(shown, [
    { id: 'd', n: 1 },
    { id: 'c', n: 1 },
    { id: 'b', n: 2 },
  ]);
  expect(count).toBe(2);
  expect(next).toEqual({
    pages: [{ items: [{ id: 'b', n: 2 }], nextCursor: 'x' }, { items: [{ id: 'a', n: 1 }] }],
    pageParams: [],
  });
});

it('pages that have none of them stay the very same', () => {
  const pages = [{ items: [{ id: 'c', n: 1 }] }, { items: [{ id: 'b', n: 1 }] }, { items: [{ id: 'a', n: 1 }] }];
  const { next, count } = patched({ pages }, [{ id: 'b', n: 2 }]);
  expect(count).toBe(0);
  expect([next.pages[0] === pages[0], next.pages[1] === pages[1], next.pages[2] === pages[2]]).toEqual([
    true,
    false,
    true,
  ]);
});
