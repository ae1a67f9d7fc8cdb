import type { OutboundAnswer } from '@sluice/outbound-http';
import { PayloadError, type Payloads } from '@sluice/payloads';
import { isTransientError } from '@sluice/event-store';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { EffectResult } from '../step-type.ts';
import { isOk, permanent, resultOf } from './http-answer.rules.ts';
import type { HttpRequest } from './http-request.ts';
import { maskBytes } from './secret-mask.rules.ts';

/** Bytes of an answer that is kept as a file. */
export const MAX_FILE_BYTES = 10 << 20;
const TRIES_AFTER_MS = [0, 200, 1_000];
const MAX_NAME_CHARS = 200;

/** Answers that are too large for an event, and files that are sent on. */
export class HttpFiles {
  private readonly payloads: Payloads;

  constructor(payloads: Payloads) {
    this.payloads = payloads;
  }

  /** What is sent. */
  async contentOf(request: HttpRequest): Promise<{ body: string | Buffer | null } | EffectResult> {
    if (request.filePayloadId === null) return { body: request.body };
    try {
      return { body: await tried(() => this.payloads.get(request.filePayloadId as string)) };
    } catch (error) {
      if (error instanceof PayloadError) return permanent('file_unknown', 'the file does not exist (any more)');
      return away(error, 'read');
    }
  }

  /** Stores the body; the output has its reference in the form that uploads have. */
  async keep(answer: OutboundAnswer, request: HttpRequest, url: string): Promise<EffectResult> {
    const bytes = maskBytes(answer.body, request.secrets);
    let payloadId: string;
    try {
      payloadId = await tried(() => this.payloads.put(bytes));
    } catch (error) {
      return away(error, 'stored');
    }
    const { status, headers } = answer;
    const contentType = headers['content-type'] ?? 'application/octet-stream';
    const body = { filename: nameOf(headers['content-disposition'], url), contentType, size: bytes.length, payloadId };
    const result = resultOf(answer, { ok: isOk(status), status, headers, body }, request.expect, Date.now());
    return { ...result, payloads: [payloadId] };
  }
}

/** The request was answered, so it is worth trying more than once to keep the answer. @throws what the last try throws */
export async function tried<T>(work: () => Promise<T>): Promise<T> {
  for (const [index, ms] of TRIES_AFTER_MS.entries()) {
    if (ms > 0) await pause(ms);
    try {
      return await work();
    } catch (error) {
      if (!isTransientError(error) || index === TRIES_AFTER_MS.length - 1) throw error;
    }
  }
  throw new Error('unreachable: the last try returns or throws');
}

function away(error: unknown, what: string): EffectResult {
  if (!isTransientError(error)) throw error;
  return { error: { code: 'file_unavailable', message: `the file could not be ${what}` }, retryable: true };
}

/** `filename` of Content-Disposition (RFC 6266), else the last part of the path; only a name, never a path. */
function nameOf(disposition: string | undefined, url: string): string | null {
  const given = /;\s?filename="?([^";]{1,400})"?/i.exec(disposition ?? '')?.[1] ?? new URL(url).pathname;
  const name = path.posix.basename(given.replaceAll('\\', '/')).trim().slice(0, MAX_NAME_CHARS).toWellFormed();
  return name === '' ? null : name;
}
