import { SECRETS_ROOT } from '@sluice/contracts';
import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import { secretNamesIn, type ValueTemplate } from '../../flows/value-template.ts';
import {
  StepError,
  type StepCompiler,
  type StepInterpreter,
  type StepOutcome,
  type StepScope,
  type StepType,
} from '../step-type.ts';
import { authHeader } from './http-auth.ts';
import {
  bodyOfContent,
  CONTENT_KINDS,
  type HttpTemplates,
  isCredential,
  partsOf,
  payloadIdOf,
  recordOf,
  refuseBadUrl,
  withQuery,
} from './http-parts.ts';
import type { AnsweredPage, AnswerKind, HttpRequest, PageKind, PageRule } from './http-request.ts';
import { withParam } from './next-page.rules.ts';
import { mask } from './secret-mask.rules.ts';

/** What does not depend on a run. */
interface HttpRules {
  answer: AnswerKind;
  expect: readonly string[] | null;
  redirects: number;
  pages: CompiledPages | null;
}

interface CompiledPages {
  by: PageKind;
  param: string;
  start: number;
  maxPages: number;
  next: ValueTemplate | null;
  collect: ValueTemplate;
}

/**
 * `http`: method, url, query, headers, auth, and one of json, form, text, body and file. The output is
 * `{ok, status, headers, body}`; an answer of any status completes the step (`ok` is 2xx) unless `expect` says which do,
 * no answer at all fails it.
 */
class HttpStep implements StepInterpreter {
  readonly secretNames: readonly string[];
  private readonly templates: HttpTemplates;
  private readonly rules: HttpRules;

  constructor(templates: HttpTemplates, rules: HttpRules, secretNames: readonly string[]) {
    this.templates = templates;
    this.rules = rules;
    this.secretNames = secretNames;
  }

  begin(scope: StepScope): StepOutcome {
    const evaluate = (template: ValueTemplate): unknown => template.evaluateExcept(SECRETS_ROOT, scope.context, scope);
    const parts = partsOf(this.templates, evaluate, true);
    if (!this.templates.url.references.has(SECRETS_ROOT)) refuseBadUrl(parts.url);
    const auth = this.templates.auth;
    return { kind: 'effect', input: recordOf(parts, auth && evaluate(auth)) };
  }

  request(scope: StepScope): HttpRequest {
    const secrets = Object.values((scope.context[SECRETS_ROOT] ?? {}) as Record<string, string>);
    try {
      return this.requestWith(scope, secrets);
    } catch (error) {
      // The words of an error may repeat what could not be sent.
      if (error instanceof StepError) throw new StepError(error.code, mask(error.message, secrets));
      throw error;
    }
  }

  failedOutput(error: { code: string; message: string }): unknown {
    return { ok: false, status: null, headers: {}, body: null, error };
  }

  private requestWith(scope: StepScope, secrets: readonly string[]): HttpRequest {
    const evaluate = (template: ValueTemplate): unknown => template.evaluate(scope.context, scope);
    const parts = partsOf(this.templates, evaluate, false);
    refuseBadUrl(parts.url);
    const auth = authHeader(this.templates.auth && evaluate(this.templates.auth));
    const file = payloadIdOf(parts.content);
    const { body, contentType } = bodyOfContent(parts.content);
    const headers = [...parts.headers];
    const named = new Set(headers.map(([name]) => name.toLowerCase()));
    if (auth && !named.has(auth.header[0].toLowerCase())) headers.push(auth.header);
    const type = file ? file.contentType : contentType;
    if (type !== null && !named.has('content-type')) headers.push(['content-type', type]);
    const isNamed = (value: string): boolean => secrets.some((secret) => value.includes(secret));
    const credentials = headers
      .filter(([name, value]) => isCredential(name) && !isNamed(value))
      .map(([, value]) => value);
    const { answer, expect, redirects, pages } = this.rules;
    const url = withQuery(parts.url, parts.query);
    return {
      method: parts.method,
      url: pages?.by === 'page' ? withParam(url, pages.param, String(pages.start)) : url,
      headers,
      body,
      filePayloadId: file?.payloadId ?? null,
      secrets: [...secrets, ...credentials, ...secretHost(parts.url, secrets), ...(auth ? [auth.hidden] : [])],
      answer,
      expect,
      redirects,
      pages: pages && pageRuleOf(pages, scope),
    };
  }
}

/**
 * The host, when a secret says it or a part of it: what goes wrong with a name is told with the name, in the form that DNS
 * has it.
 */
function secretHost(url: string, secrets: readonly string[]): string[] {
  const written = /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '';
  const isSecret = secrets.some((secret) => secret.includes(written) || written.includes(secret));
  return isSecret ? [new URL(url).hostname] : [];
}

function pageRuleOf({ next, collect, ...rule }: CompiledPages, scope: StepScope): PageRule {
  // The templates are evaluated as the pages come, long after the decision and its time are over.
  const options = { strict: scope.strict, now: scope.now };
  const evaluate = (template: ValueTemplate, page: AnsweredPage): unknown =>
    template.evaluate({ ...scope.context, page }, options);
  return { ...rule, next: (page) => next && evaluate(next, page), collect: (page) => evaluate(collect, page) };
}

export const httpStep: StepType = {
  type: 'http',
  compile(step, compiler) {
    if (typeof step.url !== 'string') throw new FlowCompileError(step.ref, 'an http step needs a url');
    const kind = CONTENT_KINDS.find((each) => step[each] !== undefined);
    const optional = (field: unknown): ValueTemplate | null => (field === undefined ? null : compiler.value(field));
    const templates: HttpTemplates = {
      method: compiler.value(step.method ?? (kind ? 'POST' : 'GET')),
      url: compiler.text(step.url),
      headers: compiler.value(step.headers ?? {}),
      query: optional(step.query),
      auth: optional(step.auth),
      content: kind ? { kind, value: compiler.value(step[kind]) } : null,
    };
    const rules: HttpRules = {
      answer: (step.answer ?? 'auto') as AnswerKind,
      expect: Array.isArray(step.expect) ? step.expect.map((each) => String(each).toLowerCase()) : null,
      redirects: typeof step.redirects === 'number' ? step.redirects : 0,
      pages: step.paginate === undefined ? null : pagesOf(step.paginate as Record<string, unknown>, compiler),
    };
    const fields = [step.method, step.url, step.headers, step.query, step.auth, kind && step[kind], step.paginate];
    return new HttpStep(templates, rules, secretNamesIn(fields));
  },
};

function pagesOf(paginate: Record<string, unknown>, compiler: StepCompiler): CompiledPages {
  const by = paginate.by as PageKind;
  return {
    by,
    param: typeof paginate.param === 'string' ? paginate.param : by,
    start: typeof paginate.start === 'number' ? paginate.start : 1,
    maxPages: typeof paginate.maxPages === 'number' ? paginate.maxPages : 10,
    next: paginate.next === undefined ? null : compiler.value(paginate.next),
    collect: compiler.value(paginate.collect ?? '{{ page.body }}'),
  };
}
