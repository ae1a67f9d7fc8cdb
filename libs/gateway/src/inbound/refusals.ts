import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '@sluice/contracts';
import { isTransientError } from '@sluice/event-store';
import { metrics } from '@sluice/platform';
import { BodyProblem } from '@sluice/request-body';
import { gatewayError } from '../gateway.errors.ts';
import { CallerGoneError } from './body-stream.ts';
import { replyProblem } from './http-reply.ts';

const log = new Logger('gateway');

/** Who words the answer: a profile in its vendor's way, otherwise problem+json. */
interface Wording {
  refused(request: IncomingMessage, response: ServerResponse, error: AppError): void;
}
const PROBLEM_JSON: Wording = { refused: replyProblem };

/** Turns whatever went wrong with a request into its answer, and counts it by code. */
@Injectable()
export class Refusals {
  readonly #refused = metrics.counter('sluice_gateway_refused_total', 'Requests that were not accepted', ['code']);

  count(code: string): void {
    this.#refused.inc({ code });
  }

  /** What was answered, or null when nobody was left to answer. */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    error: unknown,
    wording: Wording = PROBLEM_JSON,
  ): AppError | null {
    if (error instanceof CallerGoneError) {
      this.count('caller_gone');
      response.destroy();
      return null;
    }
    const shown = shownError(error);
    this.count(shown.code);
    if (shown.code === 'internal_error') {
      log.error(`${request.method} request failed`, error instanceof Error ? error.stack : String(error));
    }
    try {
      wording.refused(request, response, shown);
    } catch (failure) {
      // Nobody is left to handle it; a rejection that escaped a request would end the process.
      log.error('a refusal could not be written', (failure as Error).stack);
      response.destroy();
    }
    return shown;
  }
}

function shownError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof BodyProblem) return gatewayError(error.code, error.detail);
  if (isTransientError(error)) {
    const detail = 'Nothing was accepted for certain: the store cannot be reached now; send it again.';
    return gatewayError('store_unavailable', detail, { cause: error });
  }
  return gatewayError('internal_error', 'The error was recorded.', { cause: error });
}
