import type { OutboundAnswer, OutboundClient, OutboundFailure } from '@sluice/outbound-http';
import { MAX_OUTPUT_BYTES } from '../../runs/run-limits.ts';
import type { EffectCall, EffectResult, StepEffect } from '../step-type.ts';
import type { HttpRequest } from './http.step.ts';
import { mask } from './secret-mask.rules.ts';

/** Statuses after which the same request may be answered otherwise (RFC 9110 §15, RFC 6585 §4, RFC 8470 §5.2). */
const PASSING = new Set([408, 425, 429]);

interface HttpOutput {
  ok: boolean;
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

function bodyOf(answer: OutboundAnswer): unknown {
  const text = answer.body.toString('utf8');
  if (!/[/+]json\s*(?:;|$)/i.test(answer.headers['content-type'] ?? '') || text === '') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // It is not what its header says; the flow sees what was sent.
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** Seconds or a date (RFC 9110 §10.2.3), as milliseconds from now; undefined when there is none or it is unreadable. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value.trim()) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

function failureOf(failure: OutboundFailure): EffectResult {
  const { stage, code, message } = failure.error;
  // An address that may not be called stays so; a network recovers.
  return { error: { code, message: `${stage}: ${message}` }, retryable: stage !== 'address' };
}

function answerOf(answer: OutboundAnswer): EffectResult {
  if (answer.truncated) {
    const message = `the answer is longer than ${MAX_OUTPUT_BYTES} bytes`;
    return { error: { code: 'answer_too_large', message }, retryable: false };
  }
  const ok = answer.status >= 200 && answer.status < 300;
  const output: HttpOutput = { ok, status: answer.status, headers: answer.headers, body: bodyOf(answer) };
  if (!PASSING.has(answer.status) && answer.status < 500) return { output, error: null, retryable: false };
  const waitMs = retryAfterMs(answer.headers['retry-after'], Date.now());
  return {
    output,
    error: { code: 'http_status', message: `the answer was ${answer.status}` },
    retryable: true,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  };
}

/** Sends the request of an `http` step through the guarded client. */
export class HttpEffect implements StepEffect {
  private readonly client: OutboundClient;

  constructor(client: OutboundClient) {
    this.client = client;
  }

  async perform(call: EffectCall): Promise<EffectResult> {
    const request = call.request as HttpRequest;
    const named = new Set(request.headers.map(([name]) => name.toLowerCase()));
    const ours: [string, string][] = [
      ['user-agent', 'Sluice'],
      ['idempotency-key', call.idempotencyKey],
      ['sluice-hops', String(call.hops)],
      ...(call.traceparent === undefined ? [] : ([['traceparent', call.traceparent]] as [string, string][])),
    ];
    const result = await this.client.send({
      method: request.method,
      url: request.url,
      headers: [...request.headers, ...ours.filter(([name]) => !named.has(name))],
      body: request.body,
      timeoutMs: call.timeoutMs,
      signal: call.signal,
      maxBodyBytes: MAX_OUTPUT_BYTES,
    });
    return mask(result.ok ? answerOf(result) : failureOf(result), request.secrets);
  }
}
