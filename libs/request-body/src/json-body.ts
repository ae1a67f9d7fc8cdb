import { isUtf8 } from 'node:buffer';
import { type BodyLimits, DEFAULT_BODY_LIMITS } from './body-limits.ts';
import { BodyProblem } from './body-problem.ts';
import { checkJsonShape } from './json-shape.ts';

/** What V8 says about broken JSON quotes the text; enough of it to find the place. */
const LONGEST_REASON = 160;

/** UTF-8 text of a body, without a byte order mark (RFC 8259 §8.1 allows to ignore one). @throws BodyProblem `invalid_utf8` */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new BodyProblem('invalid_utf8', 'The body is not valid UTF-8.');
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/**
 * Parses bounded JSON (RFC 8259). Keys such as `__proto__` and `constructor` become own properties, that is data:
 * whoever copies the result must define properties (spread, Object.fromEntries), never assign them (Object.assign).
 * Numbers are doubles, of a repeated key the last one counts.
 * @throws BodyProblem `invalid_utf8` | `too_deep` | `too_many_keys` | `malformed_json`
 */
export function parseJson(bytes: Buffer, limits: BodyLimits = DEFAULT_BODY_LIMITS): unknown {
  const text = textOf(bytes);
  checkJsonShape(text, limits);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, LONGEST_REASON) : String(error);
    throw new BodyProblem('malformed_json', `The body is not valid JSON: ${reason}`);
  }
}
