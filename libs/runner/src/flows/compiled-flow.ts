import { type FlowDefinition, type FlowStep, parseDurationMs, STEP_LIMITS } from '@sluice/contracts';
import { STEP_TYPES } from '../steps/step-types.ts';
import type { CompiledStep, StepCompiler } from '../steps/step-type.ts';
import { FlowCompileError } from './flow-compile-error.ts';
import { templateCompiler, type ValueTemplate } from './value-template.ts';

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_BACKOFF_MS = 1_000;

/** What a flow is besides its definition. */
export interface FlowIdentity {
  id: string;
  number: number;
  name: string;
  version: number;
}

/** A version of a flow, its templates compiled once. Immutable, so any number of runs share it. */
export interface CompiledFlow extends FlowIdentity {
  /** Without the webhook step, which `RunStarted` completes. */
  steps: readonly CompiledStep[];
  webhookRef: string | null;
  strict: boolean;
  response: { status: ValueTemplate | null; body: ValueTemplate | null };
  /** Why no run of it can succeed, or null. */
  problem: { ref: string | null; message: string } | null;
}

function positive(value: unknown, otherwise: number, most: number): number {
  const ms = typeof value === 'string' ? parseDurationMs(value) : null;
  return ms === null ? otherwise : Math.min(most, Math.max(1, ms));
}

function compileStep(step: FlowStep, compiler: StepCompiler): CompiledStep {
  const type = STEP_TYPES.get(step.type);
  if (!type) throw new FlowCompileError(step.ref, `this version does not know the step type "${step.type}"`);
  const retry = (step.retry ?? {}) as { maxAttempts?: unknown; backoff?: unknown };
  const maxAttempts = typeof retry.maxAttempts === 'number' ? retry.maxAttempts : 1;
  return {
    ref: step.ref,
    type: step.type,
    onError: step.onError === 'continue' ? 'continue' : 'fail',
    maxAttempts: Math.min(STEP_LIMITS.maxAttempts, Math.max(1, Math.trunc(maxAttempts))),
    backoffMs: positive(retry.backoff, DEFAULT_BACKOFF_MS, STEP_LIMITS.backoffMs),
    timeoutMs: positive(step.timeout, DEFAULT_TIMEOUT_MS, STEP_LIMITS.timeoutMs),
    interpreter: compileAt(step.ref, () => type.compile(step, compiler)),
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

const compiler: StepCompiler = {
  ...templateCompiler,
  block: (steps) => (steps as FlowStep[]).map((step) => compileStep(step, compiler)),
};

/** Never throws: a definition that cannot be compiled gives a flow whose `problem` fails each of its runs. */
export function compileFlow(identity: FlowIdentity, definition: FlowDefinition): CompiledFlow {
  const webhookRef = definition.steps[0]?.type === 'webhook' ? definition.steps[0].ref : null;
  const flow: CompiledFlow = {
    ...identity,
    steps: [],
    webhookRef,
    strict: definition.strict === true,
    response: { status: null, body: null },
    problem: null,
  };
  try {
    flow.steps = compiler.block(webhookRef === null ? definition.steps : definition.steps.slice(1));
    const { status, body } = definition.response ?? {};
    flow.response = compileAt(null, () => ({
      status: status === undefined ? null : compiler.text(status),
      body: body === undefined ? null : compiler.text(body),
    }));
  } catch (error) {
    if (!(error instanceof FlowCompileError)) throw error;
    flow.problem = { ref: error.ref, message: error.message };
  }
  return flow;
}
