import { didYouMean, type FieldProblem, responseStatusOf } from '@sluice/contracts';
import { cronProblem } from '@sluice/cron';
import { at, FlowProblems } from './flow-problems.ts';
import { checkField, isObject } from './step-field.rules.ts';
import { collectRefs, StepsCheck } from './steps.rules.ts';
import { checkValue, isTemplate, referencesOf, textsIn } from './template.rules.ts';

/** The fields of a flow that make up a version, as they were sent. */
export interface FlowInput {
  inputs?: unknown;
  steps?: unknown;
  response?: unknown;
  concurrency?: unknown;
  priority?: unknown;
  strict?: unknown;
  schedules?: unknown;
  onError?: unknown;
}

export const DEFINITION_FIELDS = [
  'inputs',
  'steps',
  'response',
  'concurrency',
  'priority',
  'strict',
  'schedules',
  'onError',
] as const;

export const INPUT_TYPES = ['string', 'integer', 'number', 'boolean', 'object', 'array'];
const INPUT_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
export const MAX_INPUTS = 200;
export const MAX_SCHEDULES = 20;
/** The gateway renders them while everybody's requests wait. */
const MAX_ASYNC_TEMPLATES = 100;
/** What every run of a schedule is started with. */
export const MAX_SCHEDULED_BYTES = 65_536;
/** Of a flow's `concurrency`. */
export const MAX_RUNS_AT_ONCE = 10_000;
const MAX_PRIORITY = 9;

/** In JSON text: `\\u0000` that is not itself escaped. PostgreSQL has no such character. */
const NUL = /(?:^|[^\\])(?:\\\\)*\\u0000/;

/** Everything that is wrong with a flow, each with its JSON pointer; empty when it can be run. */
export function flowProblems(flow: FlowInput): FieldProblem[] {
  const problems = new FlowProblems();
  if (NUL.test(JSON.stringify(flow) ?? '')) problems.add('', 'must not contain the character NUL (U+0000)');
  const refs = collectRefs(flow, problems);
  // What is far too long is not looked at any further.
  if (problems.found.some((problem) => problem.pointer === '/steps')) return problems.found;
  const all = new Set(refs.keys());
  const visible =
    flow.steps === undefined ? new Set<string>() : new StepsCheck(all, problems).check(flow.steps, '/steps', new Set());
  if (flow.steps === undefined) problems.add('/steps', 'is required: a list of steps');
  if (flow.inputs !== undefined) checkInputs(flow.inputs, problems);
  if (flow.response !== undefined) checkResponse(flow.response, visible, webhookRefOf(flow.steps), problems);
  if (flow.onError !== undefined) checkHandler(flow.onError, visible, all, problems);
  if (flow.concurrency !== undefined) checkConcurrency(flow.concurrency, problems);
  if (flow.priority !== undefined && !isPriority(flow.priority)) {
    problems.add('/priority', `must be a whole number from 0 to ${MAX_PRIORITY}`);
  }
  if (flow.strict !== undefined && typeof flow.strict !== 'boolean') problems.add('/strict', 'must be true or false');
  if (flow.schedules !== undefined) checkSchedules(flow.schedules, problems);
  return problems.found;
}

function refuseOthers(
  value: Record<string, unknown>,
  known: readonly string[],
  pointer: string,
  problems: FlowProblems,
) {
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) problems.add(at(pointer, name), `unknown field "${name}"${didYouMean(name, known)}`);
  }
}

function checkInputs(inputs: unknown, problems: FlowProblems): void {
  if (!isObject(inputs)) return problems.add('/inputs', 'must be an object of {type, required} by name');
  const entries = Object.entries(inputs);
  if (entries.length > MAX_INPUTS) problems.add('/inputs', `a flow declares at most ${MAX_INPUTS} inputs`);
  for (const [name, input] of entries.slice(0, MAX_INPUTS)) {
    const place = at('/inputs', name);
    if (!INPUT_NAME.test(name)) problems.add(place, 'the name must be letters, digits and _');
    if (!isObject(input)) {
      problems.add(place, 'must be an object {type, required}');
      continue;
    }
    refuseOthers(input, ['type', 'required'], place, problems);
    if (typeof input.type !== 'string' || !INPUT_TYPES.includes(input.type)) {
      problems.add(at(place, 'type'), `must be one of ${INPUT_TYPES.join(', ')}`);
    }
    if (input.required !== undefined && typeof input.required !== 'boolean') {
      problems.add(at(place, 'required'), 'must be true or false');
    }
  }
}

/** FL-08 */
function checkSchedules(schedules: unknown, problems: FlowProblems): void {
  if (!Array.isArray(schedules)) return problems.add('/schedules', 'must be a list of {cron, timeZone, input}');
  if (schedules.length > MAX_SCHEDULES) problems.add('/schedules', `a flow has at most ${MAX_SCHEDULES} schedules`);
  for (const [index, schedule] of schedules.slice(0, MAX_SCHEDULES).entries()) {
    const place = at('/schedules', index);
    if (!isObject(schedule)) {
      problems.add(place, 'must be an object {cron, timeZone, input}');
      continue;
    }
    refuseOthers(schedule, ['cron', 'timeZone', 'input'], place, problems);
    const problem = cronProblem(schedule.cron, schedule.timeZone === undefined ? 'UTC' : schedule.timeZone);
    if (problem) problems.add(at(place, problem.includes('time zone') ? 'timeZone' : 'cron'), problem);
    const inputBytes = JSON.stringify(schedule.input ?? null).length;
    if (inputBytes > MAX_SCHEDULED_BYTES) {
      problems.add(at(place, 'input'), `must have at most ${MAX_SCHEDULED_BYTES} bytes`);
    }
  }
}

function webhookRefOf(steps: unknown): string | null {
  const first: unknown = Array.isArray(steps) ? steps[0] : undefined;
  return isObject(first) && first.type === 'webhook' && typeof first.ref === 'string' ? first.ref : null;
}

/** What runs when a step has failed for good. It reads what failed as `error`. */
function checkHandler(
  handler: unknown,
  before: ReadonlySet<string>,
  all: ReadonlySet<string>,
  problems: FlowProblems,
): void {
  if (!isObject(handler)) return problems.add('/onError', 'must be an object {steps, response}');
  refuseOthers(handler, ['steps', 'response'], '/onError', problems);
  const { steps, response } = handler;
  if (steps === undefined && response === undefined) problems.add('/onError', 'needs steps, a response, or both');
  if (all.has('error')) problems.add('/onError', 'a step is called "error", which is what failed in here: rename it');
  let visible: ReadonlySet<string> = new Set([...before, 'error']);
  if (steps !== undefined) visible = new StepsCheck(all, problems).check(steps, '/onError/steps', visible);
  if (response === undefined) return;
  if (!isObject(response)) return problems.add('/onError/response', 'must be an object {status, body}');
  refuseOthers(response, ['status', 'body'], '/onError/response', problems);
  const scope = { visible, all, secrets: false };
  if (response.status !== undefined) {
    checkField(response.status, '/onError/response/status', { shape: 'status' }, scope, problems);
  }
  if (response.body !== undefined) checkValue(response.body, '/onError/response/body', scope, problems);
}

function checkResponse(
  response: unknown,
  visible: ReadonlySet<string>,
  webhookRef: string | null,
  problems: FlowProblems,
): void {
  if (!isObject(response)) return problems.add('/response', 'must be an object {mode, status, body}');
  refuseOthers(response, ['mode', 'status', 'body'], '/response', problems);
  const { mode, status, body } = response;
  if (mode !== undefined && mode !== 'sync' && mode !== 'async') {
    problems.add('/response/mode', 'must be "sync" or "async"');
  }
  const scope = { visible, all: visible, secrets: false };
  for (const [name, text] of Object.entries({ status, body })) {
    const place = at('/response', name);
    if (text === undefined || text === null) continue;
    checkValue(text, place, scope, problems);
    if (name === 'status') checkStatus(text, problems);
    if (mode === 'async') checkAsyncValue(text, place, visible, webhookRef, problems);
  }
}

/** A status that is a template can only be judged when it is rendered. */
function checkStatus(status: unknown, problems: FlowProblems): void {
  if (typeof status === 'string' && isTemplate(status)) return;
  if (responseStatusOf(status) === null) problems.add('/response/status', 'must be three digits from 200 to 599');
}

function checkAsyncValue(
  value: unknown,
  pointer: string,
  refs: ReadonlySet<string>,
  webhookRef: string | null,
  problems: FlowProblems,
): void {
  const texts = [...textsIn(value, pointer)].filter(({ text }) => isTemplate(text));
  if (texts.length > MAX_ASYNC_TEMPLATES) {
    problems.add(pointer, `has ${texts.length} templates: at most ${MAX_ASYNC_TEMPLATES} in an async response`);
  }
  for (const { text, place } of texts) refuseOutputs(text, place, refs, webhookRef, problems);
}

/** The answer of an async flow is given before there is a run: only what the request brought can be in it (LC-12). */
function refuseOutputs(
  text: string,
  pointer: string,
  refs: ReadonlySet<string>,
  webhookRef: string | null,
  problems: FlowProblems,
): void {
  for (const name of referencesOf(text, pointer, new FlowProblems()) ?? []) {
    if (name === webhookRef || name === 'trigger') continue;
    if (refs.has(name)) {
      problems.add(pointer, `an async response is given before the step "${name}" has run: use mode "sync"`);
    } else if (name === 'run' || name === 'flow') {
      problems.add(pointer, `an async response is given before there is a run, so it cannot read "${name}"`);
    }
  }
}

function checkConcurrency(concurrency: unknown, problems: FlowProblems): void {
  if (!isObject(concurrency)) return problems.add('/concurrency', 'must be an object {limit, whenFull}');
  refuseOthers(concurrency, ['limit', 'whenFull'], '/concurrency', problems);
  const { limit, whenFull } = concurrency;
  if (!Number.isInteger(limit) || (limit as number) < 1 || (limit as number) > MAX_RUNS_AT_ONCE) {
    problems.add('/concurrency/limit', `must be a whole number from 1 to ${MAX_RUNS_AT_ONCE}`);
  }
  if (whenFull === undefined || whenFull === 'queue' || whenFull === 'reject') return;
  const meant = typeof whenFull === 'string' ? didYouMean(whenFull, ['queue', 'reject']) : '';
  problems.add('/concurrency/whenFull', `must be "queue" or "reject"${meant}`);
}

function isPriority(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_PRIORITY;
}
