import { didYouMean, HEADER_NAME, PAGE_KINDS, PAGE_ROOT, STEP_LIMITS } from '@sluice/contracts';
import { at, type FlowProblems } from './flow-problems.ts';
import { checkText, checkValue, isTemplate, type TemplateScope } from './template.rules.ts';

const AUTH_FIELDS: Readonly<Record<string, readonly string[]>> = {
  bearer: ['token'],
  basic: ['user', 'password'],
  header: ['name', 'value'],
};
const PAGE_FIELDS = ['by', 'next', 'param', 'start', 'collect', 'maxPages'];

type Check = (value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems) => void;

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function oneOf(allowed: readonly string[]): Check {
  return (value, pointer, _scope, problems) => {
    if (typeof value === 'string' && allowed.includes(value)) return;
    const hint = typeof value === 'string' ? didYouMean(value, [...allowed]) : '';
    problems.add(pointer, `must be one of ${allowed.join(', ')}${hint}`);
  };
}

function integer(least: number, most: number): Check {
  return (value, pointer, _scope, problems) => {
    const fits = Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
    if (!fits) problems.add(pointer, `must be a whole number from ${least} to ${most}`);
  };
}

const checkObject: Check = (value, pointer, scope, problems) => {
  if (isObject(value) || (typeof value === 'string' && isTemplate(value))) checkValue(value, pointer, scope, problems);
  else problems.add(pointer, 'must be an object, or a template that gives one');
};

const checkAuth: Check = (value, pointer, scope, problems) => {
  const types = Object.keys(AUTH_FIELDS);
  if (!isObject(value)) return problems.add(pointer, `must be an object whose type is one of ${types.join(', ')}`);
  const { type } = value;
  const fields = typeof type === 'string' && Object.hasOwn(AUTH_FIELDS, type) ? AUTH_FIELDS[type] : undefined;
  if (!fields) return oneOf(types)(type, at(pointer, 'type'), scope, problems);
  for (const name of Object.keys(value)) {
    if (name === 'type' || fields.includes(name)) continue;
    problems.add(at(pointer, name), `unknown field "${name}"${didYouMean(name, [...fields])}`);
  }
  for (const name of fields) {
    const text = value[name];
    const place = at(pointer, name);
    if (typeof text !== 'string' || text === '') problems.add(place, 'is required: text, such as "{{ secrets.key }}"');
    else if (name === 'name' && !isTemplate(text) && !HEADER_NAME.test(text))
      problems.add(place, 'is not a header name');
    else checkText(text, place, scope, problems);
  }
};

const checkStatuses: Check = (value, pointer, _scope, problems) => {
  if (!Array.isArray(value) || value.length === 0) {
    return problems.add(pointer, 'must be a list of statuses such as [200, "2xx"]');
  }
  for (const [index, status] of value.entries()) {
    // String() would take [200] for a status, too.
    const isText = typeof status === 'string' || typeof status === 'number';
    if (isText && /^(?:[1-5]xx|[1-5]\d\d)$/i.test(String(status))) continue;
    problems.add(at(pointer, index), 'must be a status such as 200, or a class of them such as "2xx"');
  }
};

const checkPaginate: Check = (value, pointer, scope, problems) => {
  if (!isObject(value)) return problems.add(pointer, `must be an object whose by is one of ${PAGE_KINDS.join(', ')}`);
  const inPage = { ...scope, visible: new Set([...scope.visible, PAGE_ROOT]) };
  oneOf(PAGE_KINDS)(value.by, at(pointer, 'by'), scope, problems);
  for (const name of Object.keys(value)) {
    if (!PAGE_FIELDS.includes(name)) {
      problems.add(at(pointer, name), `unknown field "${name}"${didYouMean(name, PAGE_FIELDS)}`);
    }
  }
  const { by, next, param, start, collect, maxPages } = value;
  const wantsNext = by === 'url' || by === 'cursor';
  if (wantsNext !== (next !== undefined)) {
    problems.add(
      at(pointer, 'next'),
      wantsNext ? 'is required: a template such as "{{ page.body.next }}"' : 'is for url and cursor',
    );
  }
  if (next !== undefined) checkTemplate(next, at(pointer, 'next'), inPage, problems);
  if (collect !== undefined) checkTemplate(collect, at(pointer, 'collect'), inPage, problems);
  if (param !== undefined && (typeof param !== 'string' || param === ''))
    problems.add(at(pointer, 'param'), 'must be text');
  if (start !== undefined) integer(0, STEP_LIMITS.firstPage)(start, at(pointer, 'start'), scope, problems);
  if (maxPages !== undefined) integer(1, STEP_LIMITS.pages)(maxPages, at(pointer, 'maxPages'), scope, problems);
};

const checkTemplate: Check = (value, pointer, scope, problems) => {
  if (typeof value !== 'string' || !isTemplate(value))
    problems.add(pointer, 'must be a template such as "{{ page.body }}"');
  else checkText(value, pointer, scope, problems);
};

/** The fields that only http steps have. */
export const HTTP_FIELD_CHECKS = {
  object: checkObject,
  auth: checkAuth,
  statuses: checkStatuses,
  paginate: checkPaginate,
} satisfies Record<string, Check>;
