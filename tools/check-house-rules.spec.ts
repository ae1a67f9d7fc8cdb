import { afterEach, expect, test } from 'vitest';
import { plantedTree, runTool } from './planted-tree.ts';

let remove = () => {};
afterEach(() => remove());

function check(file: string, content: string) {
  const tree = plantedTree({
    'libs/store/package.json': { name: '@sluice/store', nx: { tags: ['type:lib'] } },
    'libs/store/README.md': 'Belongs here: a test.',
    [file]: content,
  });
  remove = tree.remove;
  return runTool('check-house-rules.mjs', tree.root);
}

test('a file within the rules passes', () => {
  expect(
    check('libs/store/src/index.ts', 'export const enumerate = 1; // no rule about catch (error) { count(); }\n'),
  ).toMatchObject({
    status: 0,
  });
});

test.each([
  ['libs/store/src/index.ts', 'x;\n'.repeat(401), '401 lines'],
  ['libs/store/src/utils/index.ts', '', '"utils" says nothing'],
  ['libs/store/src/types.ts', '', '"types.ts" says nothing'],
  ['libs/store/src/a.spec.ts', `vi.${'mock'}('pg');`, 'vi.mock is banned'],
  ['libs/store/src/index.ts', `try { x(); } catch (error) {${'\n'}}`, 'swallows the error'],
  ['libs/store/src/index.ts', `x().catch(() => {${''}});`, 'swallows the error'],
  ['libs/store/src/index.ts', `// @ts-${'ignore'}\nx;`, 'no compiler check'],
  ['libs/store/src/index.ts', 'export enum Colour { Red }', 'no enums'],
  ['libs/store/src/index.ts', "export * from './a.ts';", 'no star barrels'],
])('%s with %j is refused', (file, content, message) => {
  const { status, output } = check(file, content);
  expect(output).toContain(message);
  expect(status).toBe(1);
});

test('a project without README.md is refused', () => {
  const tree = plantedTree({ 'libs/a/package.json': { name: '@sluice/a' } });
  remove = tree.remove;
  expect(runTool('check-house-rules.mjs', tree.root).output).toContain('libs/a: no README.md');
});
