import type { OutboundAnswer, OutboundClient, OutboundResult } from '@sluice/outbound-http';
import { MAX_ANSWER_BYTES } from '../../runs/run-limits.ts';
import { jsonValue } from '../../runs/json-value.rules.ts';
import type { EffectCall, EffectResult, StepEffect } from '../step-type.ts';
import { bodyOf, failureOf, isOk, permanent, refusalOf, resultOf } from './http-answer.rules.ts';
import type { HttpFiles } from './http-files.ts';
import { MAX_FILE_BYTES } from './http-files.ts';
import type { HttpRequest, PageRule } from './http-request.ts';
import { NextPageError, nextUrl } from './next-page.rules.ts';
import { redirected } from './redirect.rules.ts';
import { mask } from './secret-mask.rules.ts';

/** One request that was answered in a way the step can go on with, or how the step ends. */
type Fetched = { answer: OutboundAnswer; url: string } | { end: EffectResult };

/** Sends the requests of an `http` step through the guarded client. */
export class HttpEffect implements StepEffect {
  private readonly client: OutboundClient;
  private readonly files: HttpFiles;

  constructor(client: OutboundClient, files: HttpFiles) {
    this.client = client;
    this.files = files;
  }

  async perform(call: EffectCall): Promise<EffectResult> {
    const request = call.request as HttpRequest;
    return mask(await this.result(call, request), request.secrets);
  }

  private async result(call: EffectCall, request: HttpRequest): Promise<EffectResult> {
    const content = await this.files.contentOf(request);
    if ('error' in content) return content;
    if (request.pages) return this.pages(call, request, request.pages, content.body);
    const fetched = await this.fetch(call, request, request.url, content.body);
    if ('end' in fetched) return fetched.end;
    const { answer } = fetched;
    if (request.answer === 'file') return this.files.keep(answer, request, fetched.url);
    const body = bodyOrEnd(answer, request.answer);
    if ('end' in body) return body.end;
    const output = { ok: isOk(answer.status), status: answer.status, headers: answer.headers, body: body.value };
    return resultOf(answer, output, request.expect, Date.now());
  }

  /** One page after the other until there is none, or as many as the flow wants; a page that fails fails the attempt. */
  private async pages(
    call: EffectCall,
    request: HttpRequest,
    rule: PageRule,
    content: HttpRequest['body'] | Buffer,
  ): Promise<EffectResult> {
    const items: unknown[] = [];
    let url: string | null = request.url;
    for (let number = 1; ; number++) {
      const fetched: Fetched = await this.fetch(callOfPage(call, number), request, url, content);
      if ('end' in fetched) return fetched.end;
      const { answer } = fetched;
      const body = bodyOrEnd(answer, request.answer === 'text' ? 'text' : 'auto');
      if ('end' in body) return body.end;
      const output = { ok: isOk(answer.status), status: answer.status, headers: answer.headers, body: body.value };
      if (!output.ok) return resultOf(answer, output, request.expect, Date.now());
      const page = { number, status: answer.status, headers: answer.headers, body: body.value };
      try {
        const made = [rule.collect(page)].flat().filter((item) => item !== null && item !== undefined);
        items.push(...made);
        if (jsonValue(items).size > MAX_ANSWER_BYTES) {
          return permanent('answer_too_large', `the pages together are longer than ${MAX_ANSWER_BYTES} bytes`);
        }
        url = nextUrl(rule, page, url, made.length);
      } catch (error) {
        return permanent(error instanceof NextPageError ? 'invalid_page' : 'template_error', (error as Error).message);
      }
      const done = { ...output, body: items, pages: number, complete: url === null };
      if (url === null || number === rule.maxPages) return { output: done, error: null, retryable: false };
    }
  }

  private async fetch(
    call: EffectCall,
    request: HttpRequest,
    url: string,
    body: HttpRequest['body'] | Buffer,
  ): Promise<Fetched> {
    const maxBodyBytes = request.answer === 'file' ? MAX_FILE_BYTES : MAX_ANSWER_BYTES;
    const endsMs = performance.now() + call.timeoutMs;
    let sent = { method: request.method, url, headers: headersOf(call, request), body };
    for (let left = request.redirects; ; left--) {
      const timeoutMs = Math.max(1, Math.round(endsMs - performance.now()));
      const result: OutboundResult = await this.client.send({ ...sent, timeoutMs, signal: call.signal, maxBodyBytes });
      if (!result.ok) return { end: failureOf(result) };
      const next = left > 0 ? redirected(sent, result.status, result.headers.location) : null;
      if (next) {
        sent = { ...next, headers: [...next.headers] as [string, string][], body: next.body as HttpRequest['body'] };
        continue;
      }
      const refusal = refusalOf(result, request, maxBodyBytes, Date.now());
      return refusal ? { end: refusal } : { answer: result, url: sent.url };
    }
  }
}

/** Another page is another request, and has a key of its own that is the same on every attempt. */
function callOfPage(call: EffectCall, number: number): EffectCall {
  return number === 1 ? call : { ...call, idempotencyKey: `${call.idempotencyKey}-${number}` };
}

function headersOf(call: EffectCall, request: HttpRequest): [string, string][] {
  const named = new Set(request.headers.map(([name]) => name.toLowerCase()));
  const ours: [string, string][] = [
    ['user-agent', 'Sluice'],
    ['idempotency-key', call.idempotencyKey],
    ['sluice-hops', String(call.hops)],
    ...(call.traceparent === undefined ? [] : ([['traceparent', call.traceparent]] as [string, string][])),
  ];
  return [...request.headers, ...ours.filter(([name]) => !named.has(name))];
}

function bodyOrEnd(answer: OutboundAnswer, kind: HttpRequest['answer']): { value: unknown } | { end: EffectResult } {
  try {
    return { value: bodyOf(answer, kind === 'file' ? 'auto' : kind) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { end: permanent('answer_not_json', `the answer ${answer.status} is not JSON: ${error.message}`) };
  }
}
