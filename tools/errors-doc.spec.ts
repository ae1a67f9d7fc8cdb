import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

interface Definition {
  status: number;
  title: string;
  retry: 'later' | 'never';
}

const root = path.resolve(import.meta.dirname, '..');
const HEAD = `# Errors

Every error of the native API is \`application/problem+json\` (RFC 9457) with a stable \`code\`; \`errors\` lists each bad
value with its JSON pointer (RFC 6901). "later" means that the same request may succeed later (sent with
\`Retry-After\`), "never" that it has to change first. This page is compared with the code by a test
(\`npm test -- errors-doc -u\` rewrites it).
`;

async function tables(): Promise<[string, Record<string, Definition>][]> {
  const files = globSync('{libs,apps}/*/src/**/*.errors.ts', { cwd: root }).sort();
  const found: [string, Record<string, Definition>][] = [];
  for (const file of files) {
    const module = (await import(path.join(root, file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (name.endsWith('_ERRORS')) found.push([name, value as Record<string, Definition>]);
    }
  }
  return found;
}

function page(all: readonly [string, Record<string, Definition>][]): string {
  const sections = all.map(([name, definitions]) => {
    const title = name
      .replace(/_ERRORS$/, '')
      .toLowerCase()
      .replaceAll('_', '-');
    const rows = Object.entries(definitions).map(
      ([code, { status, title: text, retry }]) => `| \`${code}\` | ${status} | ${text} | ${retry} |`,
    );
    return `\n## ${title === 'platform' ? 'any service' : title}\n\n| code | status | meaning | try again |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return HEAD + sections.join('');
}

describe('docs/errors.md', () => {
  it('GW-03: lists exactly the codes that the services answer with', async () => {
    const all = await tables();
    expect(all.length).toBeGreaterThanOrEqual(4);
    await expect(page(all)).toMatchFileSnapshot(path.join(root, 'docs', 'errors.md'));
  });

  it('has one meaning and one status for a code, whichever service answers with it', async () => {
    const seen = new Map<string, number>();
    for (const [name, definitions] of await tables()) {
      for (const [code, { status }] of Object.entries(definitions)) {
        // GW-03 wants 422 for an unparseable body of a trigger, api.md 400 for one of the management API.
        if (code === 'malformed_json') continue;
        expect([name, code, seen.get(code) ?? status]).toEqual([name, code, status]);
        seen.set(code, status);
      }
    }
  });

  it('GW-03: lists no code that nothing answers with', async () => {
    const files = globSync('{libs,apps}/*/src/**/*.ts', { cwd: root }).filter(
      (file) => !/\.errors\.ts$|\.spec\.ts$|fixture|^libs\/testing|^apps\/(console|bench|system-e2e)\//.test(file),
    );
    const source = files.map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n');
    const codes = (await tables()).flatMap(([, definitions]) => Object.keys(definitions));
    // The edge's are raised beside their definitions.
    const own = readFileSync(path.join(root, 'apps/edge/src/edge.errors.ts'), 'utf8');
    const isUsed = (code: string): boolean => `${source}${own}`.includes(`'${code}'`);
    expect(codes.length).toBeGreaterThan(100);
    expect(codes.filter((code) => !isUsed(code))).toEqual([]);
  });
});
