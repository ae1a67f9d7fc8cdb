export { type BodyKind, bodyKindOf, isJsonType, mediaTypeOf } from './body-kind.ts';
export { type BodyLimits, DEFAULT_BODY_LIMITS } from './body-limits.ts';
export { BodyProblem, type BodyProblemCode } from './body-problem.ts';
export { type FormFields, parseForm, parseFormBody } from './form-body.ts';
export { parseJson, textOf } from './json-body.ts';
export { checkJsonShape } from './json-shape.ts';
export { readBody } from './read-body.ts';
