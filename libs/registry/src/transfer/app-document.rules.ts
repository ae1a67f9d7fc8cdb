import type { FieldProblem } from '@sluice/contracts';
import { canonical } from '../flows/flow.decider.ts';
import { tidyName } from '../requests/name.rules.ts';
import { type JsonObject, pointerToken } from '../requests/validated.ts';

/** What an export holds and an import takes, in the order in which it is applied. */
export const KINDS = ['eventTypes', 'flows', 'endpoints', 'triggers', 'crons'] as const;
export type Kind = (typeof KINDS)[number];

/** An app as a document: what is in it, without anything secret and without ids. */
export interface AppDocument {
  sluice: 1;
  eventTypes: JsonObject[];
  flows: JsonObject[];
  /** `flow` names the flow that each starts, `listener` the name by which it is found, or `forwardTo` endpoints by their names. */
  triggers: JsonObject[];
  /** Listeners that are run at times: without names, each is what it says. */
  crons: JsonObject[];
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

/**
 * Depth and number of values, without recursion; keys that are no data in JavaScript, and text that is none in PostgreSQL.
 */
export function shapeProblem(root: unknown): string | null {
  let level: unknown[] = [root];
  let values = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} deep`;
    values += level.length;
    if (values > MAX_VALUES) return `has more than ${MAX_VALUES} values`;
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each === 'string' && !isStorable(each)) return 'has text with NUL or half of a surrogate pair';
      if (each === null || typeof each !== 'object') continue;
      if (Object.hasOwn(each, '__proto__')) return 'has a key __proto__';
      for (const [key, value] of Object.entries(each)) {
        if (!isStorable(key)) return 'has a key with NUL or half of a surrogate pair';
        next.push(value);
      }
    }
    level = next;
  }
  return null;
}

const isStorable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();

/** What is wrong with the frame of a document; the resources themselves are judged by what creates them. */
export function documentProblems(sent: unknown): FieldProblem[] {
  if (!isObject(sent))
    return [{ pointer: '', message: 'must be an object with flows, triggers, endpoints, eventTypes' }];
  const problems: FieldProblem[] = Object.keys(sent)
    .filter((name) => !FIELDS.includes(name))
    .map((name) => ({ pointer: `/${pointerToken(name)}`, message: `unknown field ${JSON.stringify(name)}` }));
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

/**
 * How a resource is told apart from others of its kind in a document; null when it does not say. What Lenra's clients
 * make has no name of its own and never changes: it is what it says.
 */
export function nameIn(kind: Kind, item: JsonObject): string | null {
  if (kind !== 'crons') {
    const name = typeof item.name === 'string' ? tidyName(item.name) : '';
    return name === '' || hasOwnName(kind, item) ? name || null : `${name} ${canonical(item.props ?? null)}`;
  }
  const { listener, cron, timeZone = 'UTC', props = null } = item;
  if (typeof listener !== 'string' || typeof cron !== 'string' || typeof timeZone !== 'string') return null;
  return [listener, cron.trim(), timeZone, ...(props === null ? [] : [canonical(props)])].join(' ');
}

/** Whether its author has named it, so that the name has to be its own. */
export function hasOwnName(kind: Kind, item: JsonObject): boolean {
  return kind !== 'crons' && !(kind === 'triggers' && item.listener !== undefined && item.listener === item.name);
}

/** By their names resources are found again, so each has one, and one of its own. */
function listProblems(kind: Kind, list: readonly unknown[]): FieldProblem[] {
  const seen = new Map<string, number>();
  return list.flatMap((item, index): FieldProblem[] => {
    const pointer = `/${kind}/${index}`;
    if (!isObject(item)) return [{ pointer, message: 'must be an object' }];
    const name = nameIn(kind, item);
    if (name === null) return [namelessProblem(kind, pointer)];
    const first = seen.get(name);
    seen.set(name, first ?? index);
    const at = kind === 'crons' ? pointer : `${pointer}/name`;
    const problems = first === undefined ? [] : [{ pointer: at, message: `is that of /${kind}/${first}, too` }];
    problems.push(...repeatedIn(kind, list, index));
    if (kind === 'triggers' && typeof item.flow !== 'string' && typeof item.listener !== 'string' && !item.forwardTo) {
      problems.push({ pointer: `${pointer}/flow`, message: 'must name a flow' });
    }
    if (kind === 'triggers' && !['action', 'listener', undefined].includes(item.listenerField as string | undefined)) {
      problems.push({ pointer: `${pointer}/listenerField`, message: 'must be "action" or "listener"' });
    }
    return problems;
  });
}

/** Besides names, what no two of a kind have. */
const UNIQUE: Partial<Record<Kind, readonly string[]>> = {
  flows: ['externalKey', 'listener'],
  triggers: ['externalKey'],
  endpoints: ['externalKey'],
};

function repeatedIn(kind: Kind, list: readonly unknown[], index: number): FieldProblem[] {
  const valueOf = (item: unknown, field: string): unknown => (isObject(item) ? item[field] : undefined);
  return (UNIQUE[kind] ?? []).flatMap((field) => {
    const value = valueOf(list[index], field);
    if (typeof value !== 'string') return [];
    const first = list.findIndex((item) => valueOf(item, field) === value);
    const message = `is that of /${kind}/${first}, too`;
    return first === index ? [] : [{ pointer: `/${kind}/${index}/${field}`, message }];
  });
}

function namelessProblem(kind: Kind, pointer: string): FieldProblem {
  return kind === 'crons'
    ? {
        pointer,
        message: 'must be {listener, cron, timeZone, props}: the first three texts, timeZone UTC unless given',
      }
    : { pointer: `${pointer}/name`, message: 'must be text: resources are found by their names' };
}

/** The kinds that a document speaks of; of the others it does not say that there are none. */
export function kindsIn(checked: JsonObject): Kind[] {
  return KINDS.filter((kind) => checked[kind] !== undefined);
}

export function documentOf(checked: JsonObject): AppDocument {
  const list = (kind: Kind): JsonObject[] => (checked[kind] as JsonObject[] | undefined) ?? [];
  return {
    sluice: 1,
    eventTypes: list('eventTypes'),
    flows: list('flows'),
    triggers: list('triggers'),
    crons: list('crons'),
    endpoints: list('endpoints'),
    secrets: (checked.secrets as string[] | undefined) ?? [],
  };
}

/** Names that more than one thing has: they cannot be told apart in a document. */
export function repeatedNames(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([name]) => name);
}
