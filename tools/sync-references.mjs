// Writes every project's tsconfig.json from its package.json: the declared @sluice dependencies are the project
// references. One source of truth, checked by tools/check.mjs (`--check` only compares).
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const check = process.argv.includes('--check');
const projects = ['libs', 'apps'].flatMap((kind) =>
  readdirSync(path.join(root, kind))
    .sort()
    .map((name) => `${kind}/${name}`)
    .filter((dir) => existsSync(path.join(root, dir, 'package.json'))),
);
const manifest = (dir) => JSON.parse(readFileSync(path.join(root, dir, 'package.json'), 'utf8'));
const dirOf = new Map(projects.map((dir) => [manifest(dir).name, dir]));
let stale = 0;

function write(file, content) {
  const text = `${JSON.stringify(content, null, 2)}\n`;
  const target = path.join(root, file);
  const compact = (value) => JSON.stringify(JSON.parse(value));
  if (existsSync(target) && compact(readFileSync(target, 'utf8')) === compact(text)) return;
  stale++;
  if (check) console.error(`${file} does not match the package.json files: run npm run references`);
  else writeFileSync(target, text);
}

/** What runs in a browser: bundled by Vite, so the compiler only checks it; its tests run in Node (tsconfig.spec.json). */
function writeWebProject(dir) {
  const browser = {
    lib: ['es2024', 'dom', 'dom.iterable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    jsx: 'react-jsx',
  };
  write(`${dir}/tsconfig.json`, {
    extends: '../../tsconfig.base.json',
    compilerOptions: {
      ...browser,
      types: ['vite/client'],
      experimentalDecorators: false,
      emitDecoratorMetadata: false,
      emitDeclarationOnly: true,
      declarationMap: false,
      rootDir: 'src',
      outDir: 'dist/types',
      tsBuildInfoFile: 'dist/types/.tsbuildinfo',
    },
    include: ['src/**/*.ts', 'src/**/*.tsx'],
    exclude: ['src/**/*.spec.ts', 'src/**/*.fixture.ts'],
    references: [],
  });
  write(`${dir}/tsconfig.spec.json`, {
    extends: '../../tsconfig.spec.json',
    // Functions that a test hands to the page know its document.
    compilerOptions: { ...browser, types: ['node', 'vite/client'], module: 'nodenext', moduleResolution: 'nodenext' },
    include: ['src/**/*.spec.ts', 'src/**/*.fixture.ts', 'vite.config.ts'],
    exclude: ['dist'],
  });
}

for (const dir of projects) {
  if (manifest(dir).nx?.tags?.includes('type:web')) {
    writeWebProject(dir);
    continue;
  }
  const references = Object.keys(manifest(dir).dependencies ?? {})
    .filter((name) => dirOf.has(name))
    .map((name) => ({ path: path.relative(dir, dirOf.get(name)) }));
  write(`${dir}/tsconfig.json`, {
    extends: '../../tsconfig.base.json',
    compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo' },
    include: ['src/**/*.ts', 'src/**/*.json'],
    // What only tests use is compiled by tsconfig.spec.json and never shipped.
    exclude: ['src/**/*.spec.ts', 'src/**/*.fixture.ts', 'src/**/*.contract-suite.ts'],
    references,
  });
}
write('tsconfig.json', { files: [], references: projects.map((dir) => ({ path: dir })) });
write('tsconfig.spec.json', {
  extends: './tsconfig.base.json',
  compilerOptions: {
    composite: false,
    declaration: false,
    declarationMap: false,
    noEmit: true,
    allowImportingTsExtensions: true,
  },
  include: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts', 'tools/**/*.ts', 'vitest.config.ts'],
  exclude: ['**/dist/**', 'apps/console/**'],
});
process.exit(check && stale > 0 ? 1 : 0);
