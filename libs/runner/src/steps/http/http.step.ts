import { HTTP_METHODS, SECRETS_ROOT } from '@sluice/contracts';
import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import { secretNamesIn, type ValueTemplate } from '../../flows/value-template.ts';
import { StepError, type StepInterpreter, type StepOutcome, type StepScope, type StepType } from '../step-type.ts';

const METHODS: ReadonlySet<string> = new Set(HTTP_METHODS);

/** What the effect sends; holds secrets in clear, so it is never recorded. */
export interface HttpRequest {
  method: string;
  url: string;
  headers: [string, string][];
  body: string | null;
  /** Their values must not come back into the run's record by way of an answer that echoes them. */
  secrets: readonly string[];
}

interface HttpTemplates {
  method: ValueTemplate;
  url: ValueTemplate;
  headers: ValueTemplate;
  json: ValueTemplate | null;
  body: ValueTemplate | null;
}

type Evaluate = (template: ValueTemplate) => unknown;

/**
 * `http`: method, url, headers, and `json` or `body`. The output is `{ok, status, headers, body}`; an answer of any
 * status completes the step (`ok` is 2xx), no answer at all fails it.
 */
class HttpStep implements StepInterpreter {
  readonly secretNames: readonly string[];
  private readonly templates: HttpTemplates;

  constructor(templates: HttpTemplates, secretNames: readonly string[]) {
    this.templates = templates;
    this.secretNames = secretNames;
  }

  begin(scope: StepScope): StepOutcome {
    const evaluate: Evaluate = (template) => template.evaluateExcept(SECRETS_ROOT, scope.context, scope);
    const { method, url, headers, content } = this.parts(evaluate, this.templates.headers.references.has(SECRETS_ROOT));
    if (!this.templates.url.references.has(SECRETS_ROOT)) refuseBadUrl(url);
    return { kind: 'effect', input: { method, url, headers: Object.fromEntries(headers), ...content } };
  }

  request(scope: StepScope): HttpRequest {
    const { method, url, headers, content } = this.parts((template) => template.evaluate(scope.context, scope), false);
    refuseBadUrl(url);
    const secrets = Object.values((scope.context[SECRETS_ROOT] ?? {}) as Record<string, string>);
    const named = new Set(headers.map(([name]) => name.toLowerCase()));
    if ('json' in content && !named.has('content-type')) headers.push(['content-type', 'application/json']);
    const body = 'json' in content ? JSON.stringify(content.json) : 'body' in content ? textOf(content.body) : null;
    return { method, url, headers, body, secrets };
  }

  failedOutput(error: { code: string; message: string }): unknown {
    return { ok: false, status: null, headers: {}, body: null, error };
  }

  private parts(evaluate: Evaluate, headersMayBeSource: boolean) {
    const method = textOf(evaluate(this.templates.method)).toUpperCase();
    if (!METHODS.has(method)) throw new StepError('invalid_request', `${method.slice(0, 20)} is not a method of HTTP`);
    const url = textOf(evaluate(this.templates.url));
    const headers = headersOf(evaluate(this.templates.headers), headersMayBeSource);
    const content = this.templates.json
      ? { json: evaluate(this.templates.json) ?? null }
      : this.templates.body
        ? { body: evaluate(this.templates.body) }
        : {};
    return { method, url, headers, content };
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

/** An object, or one template that gives an object; when that template holds a secret, its source is what is recorded. */
function headersOf(value: unknown, mayBeSource: boolean): [string, string][] {
  if (typeof value === 'string' && mayBeSource) return [[value, '']];
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new StepError('invalid_request', 'the headers are not an object');
  }
  return Object.entries(value).map(([name, each]): [string, string] => [name, textOf(each)]);
}

function refuseBadUrl(url: string): void {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new StepError(
      'invalid_request',
      `the URL must be absolute and begin with http:// or https://: ${url.slice(0, 200)}`,
    );
  }
}

export const httpStep: StepType = {
  type: 'http',
  compile(step, compiler) {
    if (typeof step.url !== 'string') throw new FlowCompileError(step.ref, 'an http step needs a url');
    const hasContent = step.json !== undefined || step.body !== undefined;
    const templates: HttpTemplates = {
      method: compiler.value(step.method ?? (hasContent ? 'POST' : 'GET')),
      url: compiler.text(step.url),
      headers: compiler.value(step.headers ?? {}),
      json: step.json === undefined ? null : compiler.value(step.json),
      body: step.body === undefined ? null : compiler.value(step.body),
    };
    const fields = [step.method, step.url, step.headers, step.json, step.body];
    return new HttpStep(templates, secretNamesIn(fields));
  },
};
