import { TextDecoder } from 'node:util';
import { type OutboundAnswer, type OutboundFailure, retryAfterMs } from '@sluice/outbound-http';
import { parametersOf } from '@sluice/request-body';
import type { EffectResult } from '../step-type.ts';
import type { AnswerKind, HttpRequest } from './http-request.ts';

/** Statuses after which the same request may be answered otherwise (RFC 9110 §15, RFC 6585 §4, RFC 8470 §5.2). */
const PASSING = new Set([408, 425, 429]);
const EXCERPT_CHARS = 200;

export interface HttpOutput {
  ok: boolean;
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

export const isOk = (status: number): boolean => status >= 200 && status < 300;
const isPassing = (status: number): boolean => PASSING.has(status) || status >= 500;

/** Whether a status is one of `200`, `2xx` …. */
export function isExpected(status: number, expect: readonly string[]): boolean {
  return expect.includes(String(status)) || expect.includes(`${Math.floor(status / 100)}xx`);
}

export function failureOf(failure: OutboundFailure): EffectResult {
  const { stage, code, message } = failure.error;
  // An address that may not be called stays so; a network recovers.
  return { error: { code, message: `${stage}: ${message}` }, retryable: stage !== 'address' };
}

/** Why an answer that came is not one the step can go on with, or null. */
export function refusalOf(
  answer: OutboundAnswer,
  { expect, answer: kind }: Pick<HttpRequest, 'expect' | 'answer'>,
  maxBytes: number,
  nowMs: number,
) {
  if (answer.truncated) {
    const hint = kind === 'file' ? '' : '; with "answer": "file" up to 10 MiB are kept as a file';
    return permanent('answer_too_large', `the answer is longer than ${maxBytes} bytes${hint}`);
  }
  if (expect === null || isExpected(answer.status, expect)) return null;
  const excerpt = textOf(answer, EXCERPT_CHARS * 4)
    .slice(0, EXCERPT_CHARS)
    .toWellFormed();
  const shown = excerpt === '' ? '' : `: ${excerpt}`;
  const message = `the answer was ${answer.status}, not ${expect.join(' or ')}${shown}`;
  const error = { code: 'unexpected_status', message };
  return { error, retryable: isPassing(answer.status), ...waitOf(answer, nowMs) } satisfies EffectResult;
}

/** By the charset that the answer names (WHATWG Encoding), UTF-8 where that is none; without a byte order mark. */
function textOf({ body, headers }: OutboundAnswer, bytes = body.length): string {
  const charset = parametersOf(headers['content-type'] ?? '')?.get('charset');
  return decoderOf(charset).decode(body.subarray(0, bytes));
}

function decoderOf(charset = 'utf-8'): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder();
    throw error;
  }
}

/**
 * The body as the flow wants it. By its content type unless the flow says more; what is not the JSON that it says it is
 * stays text.
 * @throws SyntaxError when the flow says JSON and it is none.
 */
export function bodyOf(answer: OutboundAnswer, kind: Exclude<AnswerKind, 'file'>): unknown {
  const text = textOf(answer);
  if (kind === 'json') return text.trim() === '' ? null : (JSON.parse(text) as unknown);
  const isJson = kind === 'auto' && /[/+]json\s*(?:;|$)/i.test(answer.headers['content-type'] ?? '') && text !== '';
  if (!isJson) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // It is not what its header says; the flow sees what was sent.
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** An answer of any status completes the step; one that may pass is tried again first, when the flow says so. */
export function resultOf(
  answer: OutboundAnswer,
  output: HttpOutput,
  expect: readonly string[] | null,
  nowMs: number,
): EffectResult {
  if (expect !== null || !isPassing(answer.status)) return { output, error: null, retryable: false };
  const error = { code: 'http_status', message: `the answer was ${answer.status}` };
  return { output, error, retryable: true, ...waitOf(answer, nowMs) };
}

export function permanent(code: string, message: string): EffectResult {
  return { error: { code, message }, retryable: false };
}

function waitOf(answer: OutboundAnswer, nowMs: number): { retryAfterMs?: number } {
  const waitMs = retryAfterMs(answer.headers['retry-after'], nowMs);
  return waitMs === null ? {} : { retryAfterMs: waitMs };
}
