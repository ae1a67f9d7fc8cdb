import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

it('docs/bad-input.md names tests that there are', () => {
  const rows = [
    ...readFileSync(path.join(root, 'docs/bad-input.md'), 'utf8').matchAll(/^\| .* \| `(\S+)` \| (.+) \|$/gm),
  ];
  expect(rows.length).toBeGreaterThan(20);
  const missing = rows
    .map(([, file = '', test = '']) => ({ file, test }))
    .filter(({ file, test }) => {
      const place = path.join(root, file);
      return !existsSync(place) || !readFileSync(place, 'utf8').includes(test);
    });
  expect(missing).toEqual([]);
});
