// The house rules that no linter of ours knows. `--root <dir>` checks another tree (its test).
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { root as repository } from './node-version.mjs';
import { filesBelow, projectsOf } from './projects.mjs';

const MOST_LINES = 400;
const BANNED_NAMES = new Set([
  'common',
  'shared',
  'core',
  'utils',
  'util',
  'helpers',
  'helper',
  'misc',
  'types.ts',
  'types',
]);

/** What must not stand in a source file, with the reason. */
const BANNED_TEXT = [
  [/\bvi\.mock\(/, 'vi.mock is banned: write a fake'],
  [/catch\s*(\([^)]*\))?\s*\{\s*\}/, 'an empty catch swallows the error'],
  [/\.catch\(\s*\(\s*\w*\s*\)\s*=>\s*\{\s*\}\s*\)/, 'an empty catch swallows the error'],
  [/@ts-(ignore|nocheck|expect-error)/, 'no compiler check is switched off'],
  [/(oxlint|eslint)-disable|biome-ignore/, 'no lint rule is switched off in a file'],
  [/\b(TODO|FIXME|XXX)\b/, 'finish it, or open an issue'],
  [/^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s/m, 'no enums: a union of literals'],
  [/^\s*export\s+\*\s+from/m, 'no star barrels: name what is exported'],
];

const option = process.argv.indexOf('--root');
const root = option < 0 ? repository : path.resolve(process.argv[option + 1] ?? '.');
const problems = [];

const sources = ['apps', 'libs', 'tools'].flatMap((kind) =>
  filesBelow(path.join(root, kind), (file) => /\.(ts|tsx|mjs)$/.test(file) && !/\/(fixtures|generated)\//.test(file)),
);
for (const file of sources) {
  const shown = path.relative(root, file);
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n').length - 1;
  if (lines > MOST_LINES) problems.push(`${shown}: ${lines} lines, ${MOST_LINES} are the most`);
  for (const part of shown.split(path.sep)) {
    if (BANNED_NAMES.has(part) || BANNED_NAMES.has(part.replace(/\.(ts|tsx|mjs)$/, ''))) {
      problems.push(`${shown}: "${part}" says nothing about what is in it`);
    }
  }
  if (path.basename(file) === 'check-house-rules.mjs') continue; // it has to spell them out
  for (const [pattern, because] of BANNED_TEXT) {
    const found = pattern.exec(text);
    if (found) problems.push(`${shown}:${text.slice(0, found.index + 1).split('\n').length}: ${because}`);
  }
}
for (const { dir } of projectsOf(root)) {
  if (!existsSync(path.join(root, dir, 'README.md'))) problems.push(`${dir}: no README.md`);
}

if (existsSync(path.join(root, '.git'))) {
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).split(
    '\n',
  );
  const built = tracked.filter((file) => /(^|\/)(dist|node_modules)\//.test(file));
  if (built.length > 0) problems.push(`${built[0]} and ${built.length - 1} more: what is built is not committed`);
}

for (const problem of problems) console.error(problem);
console.log(
  problems.length === 0 ? `${sources.length} files, house rules kept` : `${problems.length} house rules broken`,
);
process.exit(problems.length === 0 ? 0 : 1);
