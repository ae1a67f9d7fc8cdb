import { defineConfig } from 'vitest/config';

// Keep ONLY the custom condition: vitest forwards these to its workers as `node --conditions=…`; adding
// 'import' or 'module' makes CommonJS `require('pg')` resolve to the ESM build and breaks TypeORM.
const conditions = ['@sluice/source'];
// Test files are in no project's tsconfig (they are not shipped), so the decorator options are said here again.
const base = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
};
const root = '{apps,libs,tools}/**/';
const never = ['**/dist/**', '**/node_modules/**'];
const kafka = process.env.SLUICE_TEST_KAFKA !== '0';
const browser = process.env.SLUICE_TEST_BROWSER !== '0';

export default defineConfig({
  ...base,
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        ...base,
        test: {
          name: 'unit',
          include: [`${root}*.spec.ts`],
          exclude: [...never, '**/*.int.spec.ts', '**/*.e2e.spec.ts', '**/*.browser.spec.ts'],
          environment: 'node',
          testTimeout: 30_000,
        },
      },
      {
        ...base,
        test: {
          name: 'int',
          include: [`${root}*.int.spec.ts`],
          exclude: [...never, ...(kafka ? [] : ['**/*.kafka.int.spec.ts'])],
          environment: 'node',
          globalSetup: ['libs/testing/src/servers.global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...base,
        test: {
          name: 'browser',
          // vitest's own second is less than a browser may stand still on a busy machine, and is told as a wrong value.
          expect: { poll: { timeout: 30_000, interval: 50 } },
          include: browser ? [`${root}*.browser.spec.ts`] : [],
          exclude: never,
          environment: 'node',
          // One running product and one browser for all of them.
          globalSetup: ['apps/console/src/testing/product.global-setup.fixture.ts'],
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...base,
        test: {
          name: 'e2e',
          include: [`${root}*.e2e.spec.ts`],
          exclude: [...never, ...(kafka ? [] : ['**/*.kafka.e2e.spec.ts'])],
          environment: 'node',
          fileParallelism: false,
          // After everything else and one at a time: whole systems are killed and timed here.
          sequence: { groupOrder: 2 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
