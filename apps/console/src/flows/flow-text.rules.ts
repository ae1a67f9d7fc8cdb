import { isMap, isPair, isScalar, isSeq, type Node, parse, parseDocument, stringify, visit } from 'yaml';
import { type FlowDocument, isObject, pathOf } from './flow-document.rules.ts';

export type TextFormat = 'yaml' | 'json';

/** A stretch of the text, in UTF-16 units. */
export interface TextRange {
  from: number;
  to: number;
}

export type ReadText = { document: FlowDocument } | { problem: string; range: TextRange };

/** References that multiply (a "billion laughs") are refused; a flow has no use for them. */
const MAX_ALIASES = 50;

export function textOf(document: FlowDocument, format: TextFormat): string {
  if (format === 'json') return `${JSON.stringify(document, null, 2)}\n`;
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

function readJson(text: string): ReadText | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const at = Number(/position (\d+)/.exec((error as Error).message)?.[1] ?? text.length);
    return {
      problem: `This is not JSON: ${(error as Error).message}`,
      range: { from: Math.min(at, text.length), to: text.length },
    };
  }
}

/** Reads a flow; what is wrong with the text is told with its place. */
export function readText(text: string, format: TextFormat): ReadText {
  const refused = format === 'json' ? readJson(text) : null;
  if (refused) return refused;
  const parsed = parseDocument(text);
  const [error] = parsed.errors;
  if (error) return { problem: error.message.split('\n')[0] ?? '', range: { from: error.pos[0], to: error.pos[1] } };
  const whole = { from: 0, to: text.length };
  try {
    const document: unknown = parse(text, { maxAliasCount: MAX_ALIASES });
    if (isObject(document)) return { document };
  } catch (thrown) {
    return { problem: (thrown as Error).message, range: whole };
  }
  return { problem: 'A flow is an object with name and steps.', range: whole };
}

const rangeOfNode = (node: Node | null | undefined): TextRange | null =>
  node?.range ? { from: node.range[0], to: Math.max(node.range[0], node.range[1]) } : null;

/** Where the value that a pointer names stands in the text; where it is missing, what it is missing from. */
export function rangeOf(text: string, pointer: string): TextRange {
  let node: unknown = parseDocument(text).contents;
  let found = rangeOfNode(node as Node) ?? { from: 0, to: 0 };
  for (const part of pathOf(pointer)) {
    const next: unknown = isMap(node) ? node.get(part, true) : isSeq(node) ? node.get(Number(part), true) : undefined;
    if (next === undefined) break;
    node = next;
    found = rangeOfNode(node as Node) ?? found;
  }
  return found;
}

const MARK = 'sluice__here';

/** What stands at the cursor. */
export interface TextPlace {
  /** Of the object whose key is typed, or of the value. */
  path: (string | number)[];
  kind: 'key' | 'value';
}

/**
 * What is being typed at an offset: a word there is replaced by a mark, and the mark is looked for. So half a line is
 * understood as well as a whole one.
 */
export function placeAt(text: string, wordFrom: number, wordTo: number): TextPlace | null {
  const marked = parseDocument(text.slice(0, wordFrom) + MARK + text.slice(wordTo));
  let place: TextPlace | null = null;
  visit(marked, {
    Scalar(key, node, ancestors) {
      if (typeof node.value !== 'string' || !node.value.includes(MARK)) return undefined;
      place = { path: pathTo([...ancestors, node]), kind: key === 'key' ? 'key' : 'value' };
      // A lone word in a list, or instead of an object, is the first key of one.
      if (place.kind === 'value' && node.value === MARK && key !== 'value') place = { path: place.path, kind: 'key' };
      return visit.BREAK;
    },
  });
  return place;
}

/** The keys and places that lead to the last of these nodes. */
function pathTo(nodes: readonly unknown[]): (string | number)[] {
  const path: (string | number)[] = [];
  for (const [index, node] of nodes.entries()) {
    const next = nodes[index + 1];
    if (isSeq(node)) path.push(node.items.indexOf(next));
    if (isPair(node) && isScalar(node.key) && next !== node.key) path.push(String(node.key.value));
  }
  return path;
}
