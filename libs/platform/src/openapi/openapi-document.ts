/** As much of an OpenAPI 3.1 document as we touch. */
export interface OpenApiDocument {
  openapi?: string;
  info?: { title?: string; version?: string; description?: string };
  paths?: Record<string, Record<string, Operation>>;
  components?: Record<string, Record<string, unknown>>;
  tags?: { name: string; description?: string }[];
  security?: unknown;
}

export interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content?: Record<string, MediaType>; $ref?: string };
  responses?: Record<string, OpenApiResponse>;
  security?: Record<string, string[]>[];
  [extension: `x-${string}`]: unknown;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface MediaType {
  schema?: Schema;
  example?: unknown;
}

export interface OpenApiResponse {
  description?: string;
  headers?: Record<string, { description?: string; schema: Schema }>;
  content?: Record<string, MediaType>;
  $ref?: string;
}

export interface Schema {
  $ref?: string;
  type?: string | string[];
  [keyword: string]: unknown;
}

/** Routes that Nest knows nothing of (the hot path's) tell of themselves with this. */
export type DescribedPaths = Record<string, Record<string, Operation>>;
