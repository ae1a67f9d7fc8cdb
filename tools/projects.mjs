// The projects of the workspace and what their sources import: for check-boundaries.mjs and check-house-rules.mjs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', '.nx', '.git', '.sluice', 'results']);
const SOURCE = /\.(ts|tsx|mts|mjs|js)$/;

export function filesBelow(directory, wanted = () => true) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(file, wanted);
    return wanted(file) ? [file] : [];
  });
}

/** Every project: { name, dir (relative), manifest, tags, files (relative) }. */
export function projectsOf(root) {
  return ['libs', 'apps'].flatMap((kind) => {
    if (!existsSync(path.join(root, kind))) return [];
    return readdirSync(path.join(root, kind))
      .sort()
      .filter((name) => existsSync(path.join(root, kind, name, 'package.json')))
      .map((name) => {
        const dir = path.join(kind, name);
        const manifest = JSON.parse(readFileSync(path.join(root, dir, 'package.json'), 'utf8'));
        const files = filesBelow(path.join(root, dir), (file) => SOURCE.test(file)).map((file) =>
          path.relative(root, file),
        );
        return { name: manifest.name, dir, manifest, tags: manifest.nx?.tags ?? [], files };
      });
  });
}

/** `@scope/name/deep` and `name/deep` as the package that is imported; null for relative and node: specifiers. */
export function packageOf(specifier) {
  if (specifier.startsWith('.') || specifier.startsWith('/') || specifier.startsWith('node:')) return null;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}
