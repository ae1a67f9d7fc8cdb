/** Bounds of what a body may hold (platform.md GW-07). The size in bytes is bounded earlier, while the body streams in. */
export interface BodyLimits {
  /** Deepest nesting of JSON arrays and objects, or of XML elements. */
  maxDepth: number;
  /** Most JSON object members, or XML elements and attributes, in the whole document. */
  maxKeys: number;
  /** Most fields of a form or a query string. */
  maxFields: number;
  /** Most parts of a multipart body, files and fields together. */
  maxParts: number;
}

export const DEFAULT_BODY_LIMITS: BodyLimits = { maxDepth: 64, maxKeys: 10_000, maxFields: 1_000, maxParts: 100 };

/**
 * As far as a deployment may raise them (docs/decisions/0494). With these is read what a door has accepted: a run must
 * not fail because limits were lowered, or differ between processes, after its request was answered.
 */
export const WIDEST_BODY_LIMITS: BodyLimits = { maxDepth: 64, maxKeys: 100_000, maxFields: 10_000, maxParts: 1_000 };
