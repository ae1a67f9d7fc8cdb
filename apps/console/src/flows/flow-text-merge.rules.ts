import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { type FlowDocument, isObject } from './flow-document.rules.ts';
import { readText, type TextFormat, textOf } from './flow-text.rules.ts';

/** Whether two values of JSON are the same, whatever the order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => isSame(each, b[index]));
  if (!isObject(a) || !isObject(b)) return Object.is(a, b);
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && isSame(a[name], b[name]));
}

const refOf = (value: unknown): unknown => (isObject(value) ? value.ref : undefined);

/** The node with the value: itself when it has it already, changed inside where it can be, otherwise a new one. */
function reconciled(text: Document, node: unknown, value: unknown): unknown {
  if (!isNode(node)) return text.createNode(value);
  if (isSame(node.toJS(text), value)) return node;
  if (isMap(node) && isObject(value)) return changedMap(text, node, value);
  if (isSeq(node) && Array.isArray(value)) return changedSeq(text, node, value);
  if (isScalar(node) && typeof node.value === 'string' && typeof value === 'string') {
    node.value = value; // in the quotes that it had
    return node;
  }
  const fresh = text.createNode(value) as Node;
  fresh.comment = node.comment ?? null;
  fresh.commentBefore = node.commentBefore ?? null;
  return fresh;
}

function changedMap(text: Document, node: YAMLMap, value: Record<string, unknown>): YAMLMap {
  node.items = node.items.filter(({ key }) => Object.hasOwn(value, String(key)));
  for (const [name, each] of Object.entries(value)) node.set(name, reconciled(text, node.get(name, true), each));
  return node;
}

/** Items keep what is written beside them wherever they go: known by what they are, else by their ref, else by their place. */
function changedSeq(text: Document, node: YAMLSeq, values: readonly unknown[]): YAMLSeq {
  const left: (unknown | null)[] = [...node.items];
  const were = left.map((item) => (isNode(item) ? (item.toJS(text) as unknown) : item));
  const take = (index: number): unknown => {
    const item = left[index] ?? null;
    if (index >= 0) left[index] = null;
    return item;
  };
  const isLeft = (index: number): boolean => left[index] !== null;
  const exact = values.map((value) => take(were.findIndex((was, index) => isLeft(index) && isSame(was, value))));
  node.items = values.map((value, place) => {
    const ref = refOf(value);
    const byRef = ref === undefined ? -1 : were.findIndex((was, index) => isLeft(index) && refOf(was) === ref);
    const atPlace = place < left.length && isLeft(place) && left.length === values.length ? place : -1;
    return reconciled(text, exact[place] ?? take(byRef >= 0 ? byRef : atPlace), value);
  });
  return node;
}

/**
 * The text of a flow that was changed in the picture: what it says is the document; comments, order and style of what stayed
 * are those of the text that somebody wrote.
 */
export function mergedText(text: string, document: FlowDocument, format: TextFormat): string {
  if (format === 'json' || text.trim() === '') return textOf(document, format);
  const parsed = parseDocument(text);
  if (parsed.errors.length > 0 || !isMap(parsed.contents)) return textOf(document, format);
  try {
    changedMap(parsed, parsed.contents, document);
    const merged = parsed.toString({ lineWidth: 0 });
    const read = readText(merged, format);
    // References (&a, *a) may say something else once one end of them has changed.
    if ('document' in read && isSame(read.document, document)) return merged;
  } catch {
    // A reference whose target is gone cannot be written: the plain text can.
  }
  return textOf(document, format);
}

/** The text that was kept, when it still says the same as the document. */
export function keptText(kept: string | null, document: FlowDocument, format: TextFormat): string {
  if (kept === null || format === 'json') return textOf(document, format);
  const read = readText(kept, format);
  return 'document' in read && isSame(read.document, document) ? kept : textOf(document, format);
}
