import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { allSteps } from './flow-document.rules.ts';
import { keysAt, type Schema, valuesAt } from './flow-schema.rules.ts';
import { placeAt, readText } from './flow-text.rules.ts';

/** What templates read besides the outputs of steps. */
const ROOTS = ['trigger', 'flow', 'run', 'callbacks', 'secrets'];

/** Names inside of `{{ … }}`: the steps of the flow, as far as it can be read without the line that is being typed. */
function templateNames(text: string, lineFrom: number, lineTo: number): Completion[] {
  const read = readText(text, 'yaml');
  const known = 'document' in read ? read : readText(text.slice(0, lineFrom) + text.slice(lineTo), 'yaml');
  const steps = 'document' in known ? allSteps(known.document) : [];
  return [
    ...steps.map(({ step }) => ({ label: String(step.ref), detail: String(step.type), type: 'variable' })),
    ...ROOTS.map((label) => ({ label, type: 'keyword' })),
  ];
}

/**
 * Names and values that a schema has for the place of the cursor, in YAML and in JSON (which the same parser reads). Of JSON
 * also a word without its quotes is completed.
 */
export function schemaCompletion(context: CompletionContext, schema: Schema): CompletionResult | null {
  const word = context.matchBefore(/[\w$]*/);
  const line = context.state.doc.lineAt(context.pos);
  const from = word?.from ?? context.pos;
  const text = context.state.doc.toString();
  const place = placeAt(text, from, context.pos);
  if (!place) return null;
  const read = readText(text, 'yaml');
  const known = 'document' in read ? read : readText(`${text.slice(0, line.from)}${text.slice(line.to)}`, 'yaml');
  const document = 'document' in known ? known.document : {};
  const isKey = place.kind === 'key';
  const found = isKey ? keysAt(schema, document, place.path) : valuesAt(schema, document, place.path);
  const isJson = text.trimStart().startsWith('{');
  const isQuoted = text[from - 1] === '"';
  const applied = (label: string): { apply?: string } => {
    if (isKey && !isJson) return { apply: `${label}: ` };
    return isKey && !isQuoted ? { apply: `"${label}": ` } : {};
  };
  const options = found.map(({ text: label, detail }) => ({
    label,
    detail,
    type: isKey ? 'property' : 'enum',
    ...applied(label),
  }));
  if (options.length === 0 || (!context.explicit && word?.text === '' && isKey)) return null;
  return { from, options, validFor: /^[\w$]*$/ };
}

/** Completes from the schema of flows, and inside of templates by the names of steps. */
export function flowCompletions(schemaOf: () => Schema) {
  return (context: CompletionContext): CompletionResult | null => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    if (!/\{\{[^}]*$/.test(before)) return schemaCompletion(context, schemaOf());
    if (/\.\w*$/.test(before)) return null; // what a step puts out is not known
    const from = context.matchBefore(/\w*/)?.from ?? context.pos;
    const text = context.state.doc.toString();
    return { from, options: templateNames(text, line.from, line.to), validFor: /^\w*$/ };
  };
}
