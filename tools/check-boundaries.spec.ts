import { afterEach, expect, test } from 'vitest';
import { plantedTree, runTool } from './planted-tree.ts';

const project = (name: string, tags: string[], dependencies: string[] = [], devDependencies: string[] = []) => ({
  name: `@sluice/${name}`,
  exports: { '.': './src/index.ts' },
  dependencies: Object.fromEntries(dependencies.map((one) => [one, '1'])),
  devDependencies: Object.fromEntries(devDependencies.map((one) => [one, '1'])),
  nx: { tags },
});
const SERVICE = ['type:service', 'scope:service'];
const PLATFORM = ['type:lib', 'scope:platform'];

let remove = () => {};
afterEach(() => remove());

function check(files: Record<string, string | object>) {
  const tree = plantedTree(files);
  remove = tree.remove;
  return runTool('check-boundaries.mjs', tree.root);
}

test('a tree that keeps the rules passes', () => {
  const { status, output } = check({
    'libs/store/package.json': project('store', PLATFORM, ['pg']),
    'libs/store/src/index.ts': "import pg from 'pg'; import path from 'node:path'; export { pg, path };",
    'libs/gateway/package.json': project('gateway', SERVICE, ['@sluice/store'], ['@sluice/testing']),
    'libs/gateway/src/index.ts': "export { pg } from '@sluice/store';",
    'libs/gateway/src/a.spec.ts': "import { test } from 'vitest'; import '@sluice/testing';",
    'libs/testing/package.json': project('testing', ['type:lib', 'scope:testing']),
    'libs/testing/src/index.ts': 'export const x = 1;',
  });
  expect(output).toContain('3 projects, boundaries kept');
  expect(status).toBe(0);
});

test.each([
  [
    'a service that imports a service',
    { 'libs/gateway/src/index.ts': "import '@sluice/runner';" },
    ['@sluice/runner'],
    'must not depend on @sluice/runner',
  ],
  [
    'an undeclared package of ours',
    { 'libs/gateway/src/index.ts': "import '@sluice/store';" },
    [],
    '@sluice/store is not declared',
  ],
  [
    'an undeclared third-party package',
    { 'libs/gateway/src/index.ts': "import 'fastify';" },
    [],
    'fastify is not declared',
  ],
  [
    'a type import of an undeclared package',
    { 'libs/gateway/src/index.ts': "import type { X } from 'fastify'; export type Y = X;" },
    [],
    'fastify is not declared',
  ],
  [
    'a dynamic import of an undeclared package',
    { 'libs/gateway/src/index.ts': "await import('fastify');" },
    [],
    'fastify is not declared',
  ],
  [
    'a declared package that nothing imports',
    { 'libs/gateway/src/index.ts': 'export {};' },
    ['fastify'],
    'fastify is declared, and nothing imports it',
  ],
  [
    'kafkajs outside its folder',
    { 'libs/gateway/src/index.ts': "import 'kafkajs';" },
    ['kafkajs'],
    'kafkajs may be imported in libs/bus/src/kafka/ only',
  ],
  [
    'undici in a service',
    { 'libs/gateway/src/index.ts': "import 'undici';" },
    ['undici'],
    'undici may be imported in libs/outbound-http/',
  ],
  [
    'a file of another project by its path',
    { 'libs/gateway/src/index.ts': "import '../../store/src/index.ts';" },
    [],
    'leaves the project',
  ],
  [
    "another package's inside",
    { 'libs/gateway/src/index.ts': "import '@sluice/store/src/index.ts';" },
    ['@sluice/store'],
    'is no public entry',
  ],
  [
    'test code in a product file',
    { 'libs/gateway/src/index.ts': "import '@sluice/testing';" },
    ['@sluice/testing'],
    'is for tests only',
  ],
  ['a builtin without node:', { 'libs/gateway/src/index.ts': "import 'fs';" }, [], 'write node:fs'],
])('%s is refused', (_, files, dependencies, message) => {
  const { status, output } = check({
    'libs/store/package.json': project('store', PLATFORM),
    'libs/store/src/index.ts': 'export {};',
    'libs/runner/package.json': project('runner', SERVICE),
    'libs/runner/src/index.ts': 'export {};',
    'libs/testing/package.json': project('testing', ['type:lib', 'scope:testing']),
    'libs/testing/src/index.ts': 'export {};',
    'libs/gateway/package.json': project('gateway', SERVICE, dependencies),
    ...files,
  });
  expect(output).toContain(message);
  expect(status).toBe(1);
});

test('a platform library that imports a service, and a library that imports an app, are refused', () => {
  const { output, status } = check({
    'libs/store/package.json': project('store', PLATFORM, ['@sluice/gateway', '@sluice/edge']),
    'libs/store/src/index.ts': "import '@sluice/gateway'; import '@sluice/edge';",
    'libs/gateway/package.json': project('gateway', SERVICE),
    'libs/gateway/src/index.ts': 'export {};',
    'apps/edge/package.json': project('edge', ['type:app', 'scope:edge']),
    'apps/edge/src/main.ts': 'export {};',
  });
  expect(output).toContain('must not depend on @sluice/gateway');
  expect(output).toContain('must not depend on @sluice/edge');
  expect(status).toBe(1);
});

test('a project without tags is refused, because no rule would apply to it', () => {
  const { output } = check({
    'libs/store/package.json': project('store', []),
    'libs/store/src/index.ts': 'export {};',
  });
  expect(output).toContain('no nx.tags');
});
