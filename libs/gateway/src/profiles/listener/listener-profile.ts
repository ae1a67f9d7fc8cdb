import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { AppError } from '@sluice/contracts';
import { InjectSettings, type Settings } from '@sluice/platform';
import type { Admission } from '../../accept/admission.ts';
import type { TriggerProfile } from '../../accept/trigger-profile.ts';
import type { AnswerOutcome } from '../../answers/answer-waiters.ts';
import { gatewayError } from '../../gateway.errors.ts';
import { refusalHeaders, replyRefusal } from '../../inbound/http-reply.ts';
import { DONE, JSON_TYPE, lenraError } from './listener-answers.rules.ts';

/**
 * Lenra's way (compatibility.md §2): the caller waits until the listener has finished and is told `"ok"`, or why not.
 * The two ids of the address are the credential; what is wrong is told as `{message, reason}`.
 */
@Injectable()
export class ListenerProfile implements TriggerProfile {
  readonly name = 'listener';
  readonly takesDrafts = false;
  readonly answerTimeoutMs: number;

  constructor(@InjectSettings() private readonly settings: Pick<Settings, 'listenerTimeoutMs' | 'publicUrl'>) {
    this.answerTimeoutMs = settings.listenerTimeoutMs;
  }

  /** LN-07, whatever the flow says of responses. */
  waits(): boolean {
    return true;
  }

  accepted(): void {
    throw new Error('every caller of this profile waits for its listener');
  }

  settled({ id, request, response }: Admission, outcome: AnswerOutcome): void {
    const headers = { location: `${this.settings.publicUrl}/v1/runs/${id}` };
    switch (outcome.kind) {
      case 'cancelled':
        return;
      case 'timeout':
        this.refused(
          request,
          response,
          gatewayError('answer_timeout', 'The listener has not finished in time; it goes on.', { headers }),
        );
        return;
      case 'shutdown':
        this.refused(
          request,
          response,
          gatewayError('shutting_down', 'This process stops; the listener goes on.', { headers }),
        );
        return;
      case 'answered': {
        const { runStatus, error } = outcome.answer;
        if (runStatus === 'succeeded' && error === null) replyDone(response);
        else {
          const why = error?.message ?? `The listener ended as ${runStatus}.`;
          this.refused(request, response, gatewayError('run_failed', why));
        }
      }
    }
  }

  refused(request: IncomingMessage, response: ServerResponse, error: AppError): void {
    const text = JSON.stringify(lenraError(error));
    replyRefusal(request, response, { status: error.status, type: JSON_TYPE, text, headers: refusalHeaders(error) });
  }
}

function replyDone(response: ServerResponse): void {
  response.writeHead(200, ['content-type', JSON_TYPE, 'content-length', String(DONE.length)]);
  response.end(DONE, 'latin1');
}
