import {
  type FlowDefinition,
  type FlowErrorHandler,
  type FlowStep,
  parseDurationMs,
  STEP_LIMITS,
} from '@sluice/contracts';
import { STEP_TYPES } from '../steps/step-types.ts';
import type { CompiledStep, RetryRule, StepCompiler } from '../steps/step-type.ts';
import { type LinkedStep, linkedSteps, type SignLink } from '../waiting/links.rules.ts';
import type { RunLimit } from '../ordering/limit.rules.ts';
import { conditionOf } from './condition.ts';
import { FlowCompileError } from './flow-compile-error.ts';
import { templateCompiler, type ValueTemplate } from './value-template.ts';

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_BACKOFF_MS = 1_000;
export const DEFAULT_PRIORITY = 5;

/** What a flow is besides its definition. */
export interface FlowIdentity {
  id: string;
  number: number;
  name: string;
  version: number;
}

export interface CompiledResponse {
  status: ValueTemplate | null;
  body: ValueTemplate | null;
}

/** A version of a flow, its templates compiled once. Immutable, so any number of runs share it. */
export interface CompiledFlow extends FlowIdentity {
  /** Without the webhook step, which `RunStarted` completes. */
  steps: readonly CompiledStep[];
  webhookRef: string | null;
  strict: boolean;
  response: CompiledResponse;
  /** What runs when a step fails and its own `onError` says nothing; without a response the caller gets the error. */
  onError: { steps: readonly CompiledStep[]; response: CompiledResponse | null } | null;
  /** How many of its runs may be under way; null: any number. */
  limit: RunLimit | null;
  /** 0 to 9: of an app's runs that wait for a place, those of the higher one begin first. */
  priority: number;
  /** The steps that are given their answers by links, and what makes the links; null where nobody can. */
  links: readonly LinkedStep[];
  sign: SignLink | null;
  /** Why no run of it can succeed, or null. */
  problem: { ref: string | null; message: string } | null;
}

function milliseconds(value: unknown, otherwise: number, most: number): number {
  const ms = typeof value === 'string' ? parseDurationMs(value) : null;
  return ms === null ? otherwise : Math.min(most, Math.max(1, ms));
}

function compileStep(step: FlowStep, compiler: StepCompiler): CompiledStep {
  const type = STEP_TYPES.get(step.type);
  if (!type) throw new FlowCompileError(step.ref, `this version does not know the step type "${step.type}"`);
  const when = step.if === undefined ? null : compileAt(step.ref, () => compiler.condition(step.if));
  const interpreter = compileAt(step.ref, () => type.compile(step, compiler));
  const inside = (interpreter.inside ?? []).flat();
  return {
    ref: step.ref,
    type: step.type,
    when,
    onError: onErrorOf(step.onError),
    retry: retryRuleOf(step.retry),
    timeoutMs: milliseconds(step.timeout, DEFAULT_TIMEOUT_MS, STEP_LIMITS.timeoutMs),
    hasTimeout: step.timeout !== undefined,
    isPure: type.computes === true && inside.every((each) => each.isPure),
    refsInside: inside.flatMap((each) => [each.ref, ...each.refsInside]),
    holdsLoops: inside.some((each) => each.holdsLoops || (each.type === 'foreach' && !each.isPure)),
    interpreter,
  };
}

function onErrorOf(value: unknown): CompiledStep['onError'] {
  if (value === 'continue') return 'continue';
  const { goto } = (value ?? {}) as { goto?: unknown };
  return typeof goto === 'string' ? { goto } : 'fail';
}

/** `retry` as the registry lets it pass; what is out of bounds is brought within them. */
function retryRuleOf(value: unknown): RetryRule {
  const { maxAttempts, backoff, jitter, on } = (value ?? {}) as Record<string, unknown>;
  const wait = (typeof backoff === 'object' && backoff !== null ? backoff : { initial: backoff }) as Record<
    string,
    unknown
  >;
  const initialMs = milliseconds(wait.initial, DEFAULT_BACKOFF_MS, STEP_LIMITS.backoffMs);
  const attempts = typeof maxAttempts === 'number' ? Math.trunc(maxAttempts) : 1;
  return {
    maxAttempts: Math.min(STEP_LIMITS.maxAttempts, Math.max(1, attempts)),
    backoff: wait.type === 'fixed' ? 'fixed' : 'exponential',
    initialMs,
    maxMs: Math.max(initialMs, milliseconds(wait.max, STEP_LIMITS.backoffMs, STEP_LIMITS.backoffMs)),
    jitter: typeof jitter === 'number' ? Math.min(1, Math.max(0, jitter)) : 0,
    on: Array.isArray(on) ? new Set(on.map(String)) : null,
  };
}

/** A template that does not parse is told with the step it stands in. */
function compileAt<T>(ref: string | null, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (error instanceof FlowCompileError) throw error;
    throw new FlowCompileError(ref, (error as Error).message);
  }
}

/** What the types of step compile with. */
export const stepCompiler: StepCompiler = {
  ...templateCompiler,
  condition: (source) => conditionOf(source, templateCompiler.value(source)),
  block: (steps) => (steps as FlowStep[]).map((step) => compileStep(step, stepCompiler)),
};

function compileResponse({ status, body }: { status?: unknown; body?: unknown }): CompiledResponse {
  return compileAt(null, () => ({
    status: status == null ? null : stepCompiler.value(status),
    body: body == null ? null : stepCompiler.value(body),
  }));
}

function compileHandler({ steps, response }: FlowErrorHandler): CompiledFlow['onError'] {
  return { steps: stepCompiler.block(steps ?? []), response: response ? compileResponse(response) : null };
}

function limitOf(concurrency: FlowDefinition['concurrency']): RunLimit | null {
  if (concurrency === undefined || concurrency === null) return null;
  const { limit, whenFull } = concurrency;
  return { limit, whenFull: whenFull === 'reject' ? 'reject' : 'queue' };
}

/** Never throws: a definition that cannot be compiled gives a flow whose `problem` fails each of its runs. */
export function compileFlow(
  identity: FlowIdentity,
  definition: FlowDefinition,
  sign: SignLink | null = null,
): CompiledFlow {
  const webhookRef = definition.steps[0]?.type === 'webhook' ? definition.steps[0].ref : null;
  const flow: CompiledFlow = {
    ...identity,
    steps: [],
    webhookRef,
    strict: definition.strict === true,
    response: { status: null, body: null },
    onError: null,
    limit: limitOf(definition.concurrency),
    priority: definition.priority ?? DEFAULT_PRIORITY,
    links: [],
    sign,
    problem: null,
  };
  try {
    flow.steps = stepCompiler.block(webhookRef === null ? definition.steps : definition.steps.slice(1));
    flow.response = compileResponse(definition.response ?? {});
    if (definition.onError !== undefined) flow.onError = compileHandler(definition.onError);
    flow.links = linkedSteps([...flow.steps, ...(flow.onError?.steps ?? [])]);
  } catch (error) {
    if (!(error instanceof FlowCompileError)) throw error;
    flow.problem = { ref: error.ref, message: error.message };
  }
  return flow;
}
