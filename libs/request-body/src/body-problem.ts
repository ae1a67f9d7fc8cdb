/** What can be wrong with a body, by the stable code that the caller sees. */
export type BodyProblemCode =
  | 'unsupported_content_type'
  | 'unsupported_charset'
  | 'invalid_utf8'
  | 'malformed_json'
  | 'malformed_xml'
  | 'malformed_multipart'
  | 'too_deep'
  | 'too_many_keys'
  | 'too_many_fields'
  | 'too_many_parts';

/**
 * Why a body was refused. `status` is the native one (platform.md GW-03: 415 for the type, 422 for the content);
 * a compatibility profile answers with its vendor's status for the same code.
 */
export class BodyProblem extends Error {
  readonly code: BodyProblemCode;
  readonly status: 415 | 422;
  readonly detail: string;

  constructor(code: BodyProblemCode, detail: string) {
    super(detail);
    this.name = 'BodyProblem';
    this.code = code;
    this.status = code === 'unsupported_content_type' || code === 'unsupported_charset' ? 415 : 422;
    this.detail = detail;
  }
}
