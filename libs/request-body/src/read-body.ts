import type { BodyKind } from './body-kind.ts';
import { type BodyLimits, DEFAULT_BODY_LIMITS } from './body-limits.ts';
import { parseFormBody } from './form-body.ts';
import { parseJson } from './json-body.ts';

/**
 * The value of a body: JSON as it is, a form as an object, an empty body as `{}`.
 * The gateway reads it once to check it, the runner to use it: both get the same answer from the same bytes.
 * @throws BodyProblem
 */
export function readBody(kind: BodyKind, bytes: Buffer, limits: BodyLimits = DEFAULT_BODY_LIMITS): unknown {
  switch (kind) {
    case 'json':
      return parseJson(bytes, limits);
    case 'form':
      return parseFormBody(bytes, limits);
    case 'empty':
      return {};
  }
}
