import { HTTP_METHODS, SECRETS_ROOT } from '@sluice/contracts';
import type { ValueTemplate } from '../../flows/value-template.ts';
import { StepError } from '../step-type.ts';

const METHODS: ReadonlySet<string> = new Set(HTTP_METHODS);
/** Headers that hold credentials by their very name: what a flow puts there is not shown, wherever it comes from. */
const CREDENTIALS = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-api-key']);

export interface HttpTemplates {
  method: ValueTemplate;
  url: ValueTemplate;
  headers: ValueTemplate;
  query: ValueTemplate | null;
  auth: ValueTemplate | null;
  /** What is sent, by the field that says it. */
  content: { kind: ContentKind; value: ValueTemplate } | null;
}

export const CONTENT_KINDS = ['json', 'form', 'text', 'body', 'file'] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

/** The rendered parts of a request. */
export interface HttpParts {
  method: string;
  url: string;
  headers: [string, string][];
  query: [string, string][];
  content: { kind: ContentKind; value: unknown } | null;
}

export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

/** @param shown the parts are for the record: what holds a secret stays as it was written. */
export function partsOf(
  templates: HttpTemplates,
  evaluate: (template: ValueTemplate) => unknown,
  shown: boolean,
): HttpParts {
  const mayBeSource = (template: ValueTemplate): boolean => shown && template.references.has(SECRETS_ROOT);
  const method = textOf(evaluate(templates.method)).toUpperCase();
  if (!METHODS.has(method)) throw new StepError('invalid_request', `${method.slice(0, 20)} is not a method of HTTP`);
  const { query, content } = templates;
  return {
    method,
    url: textOf(evaluate(templates.url)),
    headers: pairsOf(evaluate(templates.headers), 'headers', mayBeSource(templates.headers)),
    query: query ? pairsOf(evaluate(query), 'query', mayBeSource(query)) : [],
    content: content && { kind: content.kind, value: evaluate(content.value) },
  };
}

/**
 * An object, or one template that gives an object; when that template holds a secret, its source is what is recorded.
 * A list stands for the same name several times.
 */
export function pairsOf(value: unknown, what: string, mayBeSource: boolean): [string, string][] {
  if (typeof value === 'string' && mayBeSource) return [[value, '']];
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new StepError('invalid_request', `the ${what} are not an object`);
  }
  return Object.entries(value).flatMap(([name, each]): [string, string][] => {
    if (what === 'headers') {
      // DL-11: what counts the hops is ours alone, or a flow could go in a circle for ever.
      if (name.toLowerCase() === 'sluice-hops')
        throw new StepError('invalid_header', `the header ${name} cannot be set`);
      return [[name, textOf(each)]];
    }
    const values = Array.isArray(each) ? each : [each];
    return values.filter((one) => one !== null && one !== undefined).map((one) => [name, textOf(one)]);
  });
}

/** What is written down of a request. */
export function recordOf(parts: HttpParts, auth: unknown): Record<string, unknown> {
  const { method, url, headers, query, content } = parts;
  return {
    method,
    url,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, isCredential(name) ? hidden(value) : value])),
    ...(query.length === 0 ? {} : { query: grouped(query) }),
    ...(auth === null ? {} : { auth: { type: (auth as { type: unknown }).type } }),
    ...(content ? { [content.kind]: content.value ?? null } : {}),
  };
}

export function isCredential(name: string): boolean {
  return CREDENTIALS.has(name.toLowerCase());
}

/** A template with a secret shows nothing. */
function hidden(value: string): string {
  return value.includes(SECRETS_ROOT) ? value : '***';
}

function grouped(pairs: readonly [string, string][]): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) {
    const before = Object.hasOwn(all, name) ? all[name] : undefined;
    if (before === undefined)
      Object.defineProperty(all, name, { value, enumerable: true, configurable: true, writable: true });
    else all[name] = [before, value].flat();
  }
  return all;
}

/** @throws StepError */
export function refuseBadUrl(url: string): void {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new StepError(
      'invalid_request',
      `the URL must be absolute and begin with http:// or https://: ${url.slice(0, 200)}`,
    );
  }
}

export function withQuery(url: string, query: readonly (readonly [string, string])[]): string {
  if (query.length === 0) return url;
  const changed = new URL(url);
  for (const [name, value] of query) changed.searchParams.append(name.toWellFormed(), value.toWellFormed());
  return changed.href;
}

/** The body as it is sent, with the content type that its kind has unless the flow names one. */
export function bodyOfContent(content: HttpParts['content']): { body: string | null; contentType: string | null } {
  switch (content?.kind) {
    case 'json':
      return { body: JSON.stringify(content.value ?? null), contentType: 'application/json' };
    case 'form': {
      const form = new URLSearchParams();
      for (const [name, value] of pairsOf(content.value, 'form', false)) {
        form.append(name.toWellFormed(), value.toWellFormed());
      }
      return { body: form.toString(), contentType: 'application/x-www-form-urlencoded' };
    }
    case 'text':
      return { body: textOf(content.value), contentType: 'text/plain; charset=utf-8' };
    case 'body':
      return { body: textOf(content.value), contentType: null };
    default:
      return { body: null, contentType: null };
  }
}

/** @throws StepError when it is no file of a request or of another step. */
export function payloadIdOf(content: HttpParts['content']): { payloadId: string; contentType: string | null } | null {
  if (content?.kind !== 'file') return null;
  const file = content.value as { payloadId?: unknown; contentType?: unknown } | null;
  const isFile = file !== null && typeof file === 'object' && typeof file.payloadId === 'string';
  if (!isFile || !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(file.payloadId as string)) {
    throw new StepError('invalid_request', 'the file is none: it needs a payloadId, as uploads and answers have it');
  }
  return {
    payloadId: file.payloadId as string,
    contentType: typeof file.contentType === 'string' ? file.contentType : null,
  };
}
