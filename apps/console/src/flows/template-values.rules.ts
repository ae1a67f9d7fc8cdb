import { isObject, type Step } from './flow-document.rules.ts';

/** A template of a step and what it came to in a run. */
export interface TemplateValue {
  /** Where in the step: `json.id`. */
  field: string;
  template: string;
  /** Undefined: the run did not record it. */
  value: unknown;
}

const isTemplate = (text: string): boolean => /\{[{%]/.test(text);
/** Steps within a step have records of their own. */
const INSIDE = ['steps', 'branches', 'cases', 'else', 'default', 'onTimeout'];
/** Where the record of an http step keeps what the flow says by other names. */
const OTHER_NAMES: Record<string, readonly string[]> = {
  json: ['body', 'json'],
  form: ['body', 'form'],
  text: ['body'],
};

function templatesIn(value: unknown, path: readonly string[]): { path: readonly string[]; template: string }[] {
  if (typeof value === 'string') return isTemplate(value) ? [{ path, template: value }] : [];
  if (Array.isArray(value)) return value.flatMap((each, index) => templatesIn(each, [...path, String(index)]));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, each]) => templatesIn(each, [...path, name]));
}

function at(record: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, part) => {
    if (Array.isArray(found)) return found[Number(part)] as unknown;
    return isObject(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  }, record);
}

/** A body that was recorded as JSON text, as what it says. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value; // it is text
  }
}

function recorded(record: { type: string; input: unknown; output: unknown }, path: readonly string[]): unknown {
  const [first = '', ...rest] = path;
  if (record.type === 'set' && first === 'values') return at(record.output, rest);
  // A code step's input is what it was called with, not a field of it.
  if (first === 'input' && record.type === 'code') return at(record.input, rest);
  const waiting = isObject(record.output) ? at(record.output, path) : undefined;
  const names = [first, ...(OTHER_NAMES[first] ?? [])];
  const found = names.map((name) => at(parsed(at(record.input, [name])), rest)).find((each) => each !== undefined);
  return found ?? waiting;
}

/** What the templates of a step came to, in the order in which they stand in it. */
export function templateValues(step: Step, record: { type: string; input: unknown; output: unknown }): TemplateValue[] {
  const own = Object.entries(step).filter(([name]) => !INSIDE.includes(name));
  return own.flatMap(([name, value]) =>
    templatesIn(value, [name]).map(({ path, template }) => ({
      field: path.join('.'),
      template,
      value: recorded(record, path),
    })),
  );
}
