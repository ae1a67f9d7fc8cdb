import { describe, expect, test } from 'vitest';
import { changeStep, type FlowDocument, insertStep, moveStep, removeStep } from './flow-document.rules.ts';
import { readText } from './flow-text.rules.ts';
import { isSame, keptText, mergedText } from './flow-text-merge.rules.ts';

const TEXT = `# Orders of the shop
name: Orders # shown to people
steps:
  - ref: web
    type: webhook
  # Only the total counts.
  - ref: sum
    type: set
    values: { total: '{{ web.a + web.b }}' } # as the shop does

  # Warehouse wants to know.
  - ref: tell
    type: emit
    event: order.placed
`;
const read = (text: string): FlowDocument => {
  const result = readText(text, 'yaml');
  if (!('document' in result)) throw new Error(result.problem);
  return result.document;
};
const FLOW = read(TEXT);

/** Merges and checks that the text says what the document says. */
function merged(document: FlowDocument, text = TEXT): string {
  const result = mergedText(text, document, 'yaml');
  expect(isSame(read(result), document)).toBe(true);
  return result;
}

describe('what was written beside a flow stays when its picture changes', () => {
  test('nothing changed: not a character does', () => {
    expect(merged(FLOW)).toBe(TEXT);
  });

  test('a field changes: every comment is there, also the one at its line', () => {
    const text = merged(changeStep(FLOW, '/steps/1', { ref: 'sum', type: 'set', values: { total: '{{ 1 }}' } }));
    expect(text).toBe(TEXT.replace(`'{{ web.a + web.b }}'`, `'{{ 1 }}'`));
    expect(merged({ ...FLOW, name: 'Sales' })).toBe(TEXT.replace('name: Orders', 'name: Sales'));
  });

  test('a step is moved, added, removed: the comments go with their steps', () => {
    const moved = moveStep(FLOW, '/steps/2', '/steps', 1)?.document as FlowDocument;
    expect(merged(moved)).toMatch(
      /# Warehouse wants to know.\n {2}- ref: tell[\s\S]*# Only the total counts.\n {2}- ref: sum/,
    );
    const added = merged(insertStep(FLOW, '/steps', 1, { ref: 'new', type: 'fail', message: 'x' }));
    expect(added).toMatch(/- ref: new[\s\S]*# Only the total counts.\n {2}- ref: sum/);
    const removed = merged(removeStep(FLOW, '/steps/1'));
    expect(removed).not.toContain('Only the total counts');
    expect(removed).toContain('# Warehouse wants to know.\n  - ref: tell');
    expect(removed).toContain('# Orders of the shop');
  });

  test('a step with a new ref at its old place keeps its comment', () => {
    const text = merged(changeStep(FLOW, '/steps/2', { ref: 'told', type: 'emit', event: 'order.placed' }));
    expect(text).toContain('# Warehouse wants to know.\n  - ref: told');
  });

  test('references that no longer hold give the plain text, which says the same', () => {
    const text = 'name: A\nsteps:\n  - &a { ref: a, type: set, values: {} }\n  - { ref: b, type: set, values: *a }\n';
    expect(merged(removeStep(read(text), '/steps/0'), text)).not.toContain('*a');
    expect(merged(changeStep(read(text), '/steps/0', { ref: 'a', type: 'fail' }), text)).not.toContain('*a');
  });

  test('text that cannot be read, and JSON, are written anew', () => {
    expect(read(mergedText('name: [', FLOW, 'yaml'))).toEqual(FLOW);
    expect(JSON.parse(mergedText('{}', FLOW, 'json'))).toEqual(FLOW);
  });

  test('a kept text is shown while it says the same, and never otherwise', () => {
    expect(keptText(TEXT, FLOW, 'yaml')).toBe(TEXT);
    expect(keptText(TEXT, { ...FLOW, name: 'Other' }, 'yaml')).not.toContain('#');
    expect(keptText('a: [', FLOW, 'yaml')).not.toContain('#');
    expect(keptText(TEXT, FLOW, 'json')).toContain('{');
  });
});
