import type { BodyKind } from './body-kind.ts';
import { type BodyLimits, DEFAULT_BODY_LIMITS } from './body-limits.ts';
import { BODY_RULES, type BodyProfile } from './body-rules.ts';
import { parseFormBody } from './form-body.ts';
import { parseJson } from './json-body.ts';
import { readMultipart } from './multipart-body.ts';
import { parseXml } from './xml-body.ts';

/** What has to be known of a body besides its kind and its bytes. */
export interface BodyContext {
  /** Whose rules count; native when absent. */
  profile?: BodyProfile;
  /** The Content-Type as it was sent: a multipart body's boundary is in it. */
  contentType?: string | null;
  /** Where the files of a multipart body are stored, in the order of `multipartFiles`. */
  fileIds?: readonly string[];
}

const NATIVE: BodyContext = {};

/**
 * The value of a body: JSON as it is or wrapped as `{"_json": …}` (by the profile), everything else as an object, an
 * empty body as `{}`. The gateway reads it once to check it, the runner to use it: both get the same answer from the
 * same bytes.
 * @throws BodyProblem
 */
export function readBody(
  kind: BodyKind,
  bytes: Buffer,
  context: BodyContext = NATIVE,
  limits: BodyLimits = DEFAULT_BODY_LIMITS,
): unknown {
  switch (kind) {
    case 'json':
      return jsonFor(context.profile ?? 'native', parseJson(bytes, limits));
    case 'form':
      return parseFormBody(bytes, limits);
    case 'xml':
      return parseXml(bytes, limits);
    case 'multipart':
      return readMultipart(bytes, context.contentType, context.fileIds, limits);
    case 'empty':
      return {};
  }
}

function jsonFor(profile: BodyProfile, value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject || !BODY_RULES[profile].wraps ? value : { _json: value };
}
