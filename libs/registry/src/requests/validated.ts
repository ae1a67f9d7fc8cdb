import type { FieldProblem } from '@sluice/contracts';
import { platformError, problemsOf, unstorableTexts } from '@sluice/platform';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';

/** Deeper JSON is refused before anything walks it by recursion. */
const MAX_DEPTH = 200;
const MAX_PROBLEMS = 100;

/** A JSON object as it arrived. */
export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/**
 * Checks a body against its class and, for what decorators cannot say, `further`; all problems are told at once.
 * Handlers take the body as `unknown` and come here, because the global pipe would answer before `further` has spoken.
 * @throws AppError `invalid_request` with a JSON pointer per problem.
 */
export async function validated<T extends object>(
  type: new () => T,
  body: unknown,
  further: (body: JsonObject) => readonly FieldProblem[] = () => [],
): Promise<T> {
  if (!isJsonObject(body)) throw invalidRequest([{ pointer: '', message: 'must be a JSON object' }]);
  if (isDeeperThan(body, MAX_DEPTH)) {
    throw invalidRequest([{ pointer: '', message: `is nested more than ${MAX_DEPTH} deep` }]);
  }
  // The pipe has looked at bodies, but not at what comes in an import.
  const unstorable = unstorableTexts(body);
  if (unstorable.length > 0) throw invalidRequest(unstorable);
  const instance = instanceOf(type, body);
  const errors = await validate(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: false,
    validationError: { target: true, value: false },
  });
  const problems = [...problemsOf(errors.map(mainProblemOf)), ...further(body)];
  if (problems.length > 0) throw invalidRequest(problems);
  return instance;
}

/**
 * class-transformer sees plain values only: it copies objects by their `constructor`, which in JSON from outside is data
 * like any other key.
 */
function instanceOf<T extends object>(type: new () => T, body: JsonObject): T {
  const entries = Object.entries(body);
  const isPlain = ([, value]: [string, unknown]): boolean => value === null || typeof value !== 'object';
  const instance = plainToInstance(type, Object.fromEntries(entries.filter(isPlain)));
  for (const [name, value] of entries.filter((entry) => !isPlain(entry))) {
    Object.defineProperty(instance, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return instance;
}

/** What has the wrong type is not also told to be too short, and what is too short not to lack letters. */
function mainProblemOf(error: ValidationError): ValidationError {
  const constraints = Object.entries(error.constraints ?? {});
  const ofType =
    constraints.find(([name]) => /^(?:is|are)(?!Length)[A-Z]/.test(name)) ??
    constraints.find(([name]) => name === 'isLength');
  return ofType ? Object.assign(error, { constraints: Object.fromEntries([ofType]) }) : error;
}

/** A name as a part of a JSON pointer (RFC 6901 §3). */
export function pointerToken(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The fields that a body of this class may have. */
export function fieldsOf(type: new () => object): Set<string> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', true, false);
  return new Set(rules.map((rule) => rule.propertyName));
}

export function invalidRequest(problems: readonly FieldProblem[]): Error {
  const count = `${problems.length} value${problems.length === 1 ? ' is' : 's are'} not valid`;
  return platformError('invalid_request', count, { errors: problems.slice(0, MAX_PROBLEMS) });
}

function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    const next: unknown[] = [];
    for (const each of level) {
      if (each === null || typeof each !== 'object') continue;
      for (const child of Object.values(each)) if (child !== null && typeof child === 'object') next.push(child);
    }
    level = next;
  }
  return false;
}
