import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RunAnswered, RunStatus } from '@sluice/contracts';
import { gatewayError } from '../gateway.errors.ts';
import { replyProblem } from '../inbound/http-reply.ts';
import type { AnswerOutcome } from './answer-waiters.ts';

const FAILED: ReadonlySet<RunStatus> = new Set(['failed', 'cancelled', 'timed_out']);
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Answers a synchronous caller (GW-04, GW-13). Whatever is wrong, the `Location` leads to the run, which is kept. */
export function replyOutcome(
  request: IncomingMessage,
  response: ServerResponse,
  outcome: AnswerOutcome,
  location: string,
): void {
  const headers = { location };
  switch (outcome.kind) {
    case 'cancelled':
      response.destroy();
      return;
    case 'timeout':
      replyProblem(
        request,
        response,
        gatewayError('answer_timeout', 'The run goes on; Location shows how it ends.', { headers }),
      );
      return;
    case 'shutdown':
      replyProblem(
        request,
        response,
        gatewayError('shutting_down', 'The run goes on; Location shows how it ends.', { headers }),
      );
      return;
    case 'answered':
      replyAnswer(request, response, outcome.answer, location);
  }
}

/** Why the run has no response, or null when it has one; a failed run may have one of its flow's `onError`. */
export function failureOf({ error, runStatus, handled }: RunAnswered): string | null {
  if (handled) return null;
  if (error === null && !FAILED.has(runStatus)) return null;
  return error?.message ?? `The run ended as ${runStatus}.`;
}

function replyAnswer(request: IncomingMessage, response: ServerResponse, answer: RunAnswered, location: string): void {
  const detail = failureOf(answer);
  if (detail !== null) {
    replyProblem(request, response, gatewayError('run_failed', detail, { headers: { location } }));
    return;
  }
  replyResponse(response, answer);
}

/** The flow's response as it is. */
export function replyResponse(
  response: ServerResponse,
  answer: Pick<RunAnswered, 'status' | 'contentType' | 'body' | 'headers'>,
): void {
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (NO_BODY.has(answer.status)) {
    response.writeHead(answer.status);
    response.end();
    return;
  }
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { 'content-type': answer.contentType, 'content-length': body.length });
  response.end(body);
}
