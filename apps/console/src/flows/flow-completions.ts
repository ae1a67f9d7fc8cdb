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

/** Completes from the schema of flows, in YAML and in JSON (which the same parser reads). */
export function flowCompletions(schemaOf: () => Schema) {
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/\w*/);
    const line = context.state.doc.lineAt(context.pos);
    const from = word?.from ?? context.pos;
    const text = context.state.doc.toString();
    const before = line.text.slice(0, context.pos - line.from);
    if (/\{\{[^}]*$/.test(before)) {
      if (/\.\w*$/.test(before)) return null; // what a step puts out is not known
      return { from, options: templateNames(text, line.from, line.to), validFor: /^\w*$/ };
    }
    const place = placeAt(text, from, context.pos);
    if (!place) return null;
    const read = readText(text, 'yaml');
    const known = 'document' in read ? read : readText(`${text.slice(0, line.from)}${text.slice(line.to)}`, 'yaml');
    const document = 'document' in known ? known.document : {};
    const isKey = place.kind === 'key';
    const found = isKey ? keysAt(schemaOf(), document, place.path) : valuesAt(schemaOf(), document, place.path);
    const isJson = text.trimStart().startsWith('{');
    const options = found.map(({ text: label, detail }) => ({
      label,
      detail,
      type: isKey ? 'property' : 'enum',
      ...(isKey && !isJson ? { apply: `${label}: ` } : {}),
    }));
    if (options.length === 0 || (!context.explicit && word?.text === '' && isKey)) return null;
    return { from, options, validFor: /^\w*$/ };
  };
}
