import type { FieldProblem } from '@sluice/contracts';
import { platformError, problemsOf } from '@sluice/platform';
import { DEFAULT_BODY_LIMITS } from '@sluice/request-body';
import { validate } from 'class-validator';
import { MAX_OUTPUT_BYTES } from '../runs/run-limits.ts';
import { RunFlowRequest } from './runs.requests.ts';

/** Level by level, because what is nested too deeply must not be walked by recursion. */
function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((each) =>
      Object.values(each as object).filter((child) => child !== null && typeof child === 'object'),
    );
  }
  return false;
}

function invalid(problems: readonly FieldProblem[]): Error {
  const count = `${problems.length} value${problems.length === 1 ? ' is' : 's are'} not valid`;
  return platformError('invalid_request', count, { errors: problems });
}

/**
 * A body with an `input`, which is any JSON within the bounds of a request's body; so class-transformer is kept from all
 * of it: it copies by recursion and by `constructor`, which is data here. Without an input the field stays absent.
 * @throws AppError `invalid_request` with all problems.
 */
export async function withInput<T extends { input?: unknown }>(body: unknown, Request: new () => T): Promise<T> {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw invalid([{ pointer: '', message: 'must be a JSON object' }]);
  }
  const { input, ...rest } = body as { input?: unknown };
  const tooDeep = isDeeperThan(rest, 1) || isDeeperThan([input], DEFAULT_BODY_LIMITS.maxDepth + 1);
  if (tooDeep) throw invalid([{ pointer: '', message: `is nested more than ${DEFAULT_BODY_LIMITS.maxDepth} deep` }]);
  const request = Object.defineProperties(new Request(), Object.getOwnPropertyDescriptors(rest));
  const problems = problemsOf(
    await validate(request, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: false,
      validationError: { target: false, value: false },
    }),
  );
  if (problems.length > 0) throw invalid(problems);
  if (input !== undefined) request.input = input;
  return request;
}

function outputsOf(outputs: unknown): Record<string, unknown> {
  const pointer = '/outputs';
  if (outputs === null || typeof outputs !== 'object' || Array.isArray(outputs)) {
    throw invalid([{ pointer, message: 'must be a JSON object' }]);
  }
  if (isDeeperThan(outputs, DEFAULT_BODY_LIMITS.maxDepth)) {
    throw invalid([{ pointer, message: `is nested more than ${DEFAULT_BODY_LIMITS.maxDepth} deep` }]);
  }
  const tooLarge = Object.entries(outputs).filter(
    ([, output]) => Buffer.byteLength(JSON.stringify(output)) > MAX_OUTPUT_BYTES,
  );
  const message = `is larger than the ${MAX_OUTPUT_BYTES >> 10} KiB that a step may put out`;
  if (tooLarge.length > 0)
    throw invalid(tooLarge.map(([ref]) => ({ pointer: `${pointer}/${ref.slice(0, 64)}`, message })));
  return outputs as Record<string, unknown>;
}

/** The body of `POST /v1/flows/{id}/run`; none is an empty one. @throws AppError `invalid_request` with all problems. */
export async function runRequestOf(body: unknown): Promise<RunFlowRequest> {
  const { outputs, ...rest } = (body ?? {}) as { outputs?: unknown };
  const isObject = body === undefined || (body !== null && typeof body === 'object' && !Array.isArray(body));
  const request = await withInput(isObject ? rest : body, RunFlowRequest);
  if (request.input === undefined) request.input = {};
  if (outputs !== undefined) request.outputs = outputsOf(outputs);
  if (request.mode === 'draft') return request;
  const message = 'is for tests of a draft: say "mode": "draft"';
  const tests = (['step', 'outputs'] as const).filter((field) => request[field] !== undefined);
  if (tests.length > 0) throw invalid(tests.map((field) => ({ pointer: `/${field}`, message })));
  return request;
}
