import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A throw-away workspace with the given files, for tests of the checkers. */
export function plantedTree(files: Record<string, string | object>): { root: string; remove(): void } {
  const root = mkdtempSync(path.join(tmpdir(), 'sluice-planted-'));
  for (const [name, content] of Object.entries({ 'package.json': { devDependencies: { vitest: '1' } }, ...files })) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

export function runTool(tool: string, root: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(import.meta.dirname, tool), '--root', root],
    {
      encoding: 'utf8',
    },
  );
  return { status, output: stdout + stderr };
}
