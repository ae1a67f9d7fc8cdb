import type { FieldProblem } from '@sluice/contracts';
import type { JsonObject } from '../requests/validated.ts';

/** What an export holds and an import takes, in the order in which it is applied. */
export const KINDS = ['eventTypes', 'flows', 'triggers', 'endpoints'] as const;
export type Kind = (typeof KINDS)[number];

/** An app as a document: what is in it, without anything secret and without ids. */
export interface AppDocument {
  sluice: 1;
  eventTypes: JsonObject[];
  flows: JsonObject[];
  /** `flow` names the flow that each starts, or `listener` the name by which it is found. */
  triggers: JsonObject[];
  endpoints: JsonObject[];
  /** Names only: their values are put with PUT /v1/secrets/{name}. */
  secrets: string[];
}

const MAX_RESOURCES = 2000;
const MAX_DEPTH = 128;
const MAX_VALUES = 500_000;
const FIELDS = ['sluice', ...KINDS, 'secrets'];

function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Depth and number of values, without recursion; and keys that are no data in JavaScript. */
export function shapeProblem(root: unknown): string | null {
  let level: unknown[] = [root];
  let values = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} deep`;
    values += level.length;
    if (values > MAX_VALUES) return `has more than ${MAX_VALUES} values`;
    const next: unknown[] = [];
    for (const each of level) {
      if (each === null || typeof each !== 'object') continue;
      if (Object.hasOwn(each, '__proto__')) return 'has a key __proto__';
      for (const value of Object.values(each)) next.push(value);
    }
    level = next;
  }
  return null;
}

/** What is wrong with the frame of a document; the resources themselves are judged by what creates them. */
export function documentProblems(sent: unknown): FieldProblem[] {
  if (!isObject(sent))
    return [{ pointer: '', message: 'must be an object with flows, triggers, endpoints, eventTypes' }];
  const problems: FieldProblem[] = Object.keys(sent)
    .filter((name) => !FIELDS.includes(name))
    .map((name) => ({ pointer: `/${escaped(name)}`, message: `unknown field ${JSON.stringify(name)}` }));
  if (sent.sluice !== 1) problems.push({ pointer: '/sluice', message: 'must be 1, the version of this format' });
  let count = 0;
  for (const kind of KINDS) {
    const list = sent[kind] ?? [];
    if (!Array.isArray(list)) problems.push({ pointer: `/${kind}`, message: 'must be a list' });
    else {
      count += list.length;
      problems.push(...listProblems(kind, list));
    }
  }
  if (count > MAX_RESOURCES)
    problems.push({ pointer: '', message: `has ${count} resources: at most ${MAX_RESOURCES}` });
  return [...problems, ...secretsProblems(sent.secrets)];
}

function secretsProblems(secrets: unknown): FieldProblem[] {
  const areNames =
    secrets === undefined || (Array.isArray(secrets) && secrets.every((each) => typeof each === 'string'));
  return areNames ? [] : [{ pointer: '/secrets', message: 'must be a list of names; values are not imported' }];
}

/** By their names resources are found again, so each has one, and one of its own. */
function listProblems(kind: Kind, list: readonly unknown[]): FieldProblem[] {
  const seen = new Map<string, number>();
  return list.flatMap((item, index): FieldProblem[] => {
    const pointer = `/${kind}/${index}`;
    if (!isObject(item)) return [{ pointer, message: 'must be an object' }];
    const name = typeof item.name === 'string' ? item.name.trim() : '';
    if (name === '')
      return [{ pointer: `${pointer}/name`, message: 'must be text: resources are found by their names' }];
    const first = seen.get(name);
    seen.set(name, first ?? index);
    const problems =
      first === undefined ? [] : [{ pointer: `${pointer}/name`, message: `is that of /${kind}/${first}, too` }];
    if (kind === 'triggers' && typeof item.flow !== 'string' && typeof item.listener !== 'string') {
      problems.push({ pointer: `${pointer}/flow`, message: 'must name a flow' });
    }
    return problems;
  });
}

export function documentOf(checked: JsonObject): AppDocument {
  const list = (kind: Kind): JsonObject[] => (checked[kind] as JsonObject[] | undefined) ?? [];
  return {
    sluice: 1,
    eventTypes: list('eventTypes'),
    flows: list('flows'),
    triggers: list('triggers'),
    endpoints: list('endpoints'),
    secrets: (checked.secrets as string[] | undefined) ?? [],
  };
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Names that more than one thing has: they cannot be told apart in a document. */
export function repeatedNames(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([name]) => name);
}
