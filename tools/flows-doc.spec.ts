import { COMMON_STEP_FIELDS, STEP_SCHEMAS } from '@sluice/contracts';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

interface DocsBlocks {
  checkedBlocks(markdown: string): { commands: string }[];
}
const module: string = path.join(import.meta.dirname, 'docs-blocks.mjs');
const { checkedBlocks } = (await import(module)) as DocsBlocks;

const PAGE = readFileSync(path.resolve(import.meta.dirname, '../docs/flows.md'), 'utf8');

/** The text under a heading, up to the next one of the same rank or a higher one. */
function sectionOf(heading: string): string {
  const [, rank = ''] = /^(#+) /.exec(heading) ?? [];
  const start = PAGE.indexOf(`\n${heading}\n`);
  if (start < 0) return '';
  const rest = PAGE.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${rank.length}} `, 'm'));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The examples that CI runs, as one text. */
const examplesIn = (section: string): string =>
  checkedBlocks(section)
    .map(({ commands }) => commands)
    .join('\n');

const isShown = (example: string, field: string): boolean => new RegExp(`"${field}":`).test(example);

describe('docs/flows.md', () => {
  it.each(Object.entries(STEP_SCHEMAS))('documents the step %s with every field and an example', (type, schema) => {
    const section = sectionOf(`### \`${type}\``);
    const example = examplesIn(section);
    expect(example).toContain(`"type": "${type}"`);
    const fields = Object.keys(schema.fields);
    const isDescribed = (field: string): boolean =>
      section.includes(`\`${field}\``) || new RegExp(`\\b${field}"?: |\`${field}\\b`).test(section);
    expect(fields.filter((field) => !isDescribed(field))).toEqual([]);
    expect(fields.filter((field) => !isShown(example, field) && !section.includes(`\`${field}\``))).toEqual([]);
  });

  it('documents what every step may have', () => {
    const section = sectionOf('## What every step may have');
    for (const field of Object.keys(COMMON_STEP_FIELDS)) expect(section).toContain(`| \`${field}\` |`);
    const everywhere = examplesIn(PAGE);
    for (const field of Object.keys(COMMON_STEP_FIELDS))
      expect([field, isShown(everywhere, field)]).toEqual([field, true]);
  });

  it('names no step and no field of a step that there is not', () => {
    const documented = [...PAGE.matchAll(/^### `(\w+)`$/gm)].map((match) => match[1]);
    expect(documented.toSorted()).toEqual(Object.keys(STEP_SCHEMAS).toSorted());
  });
});
