import { Injectable } from '@nestjs/common';
import { InjectSettings, type Settings } from '@sluice/platform';
import type { Admission } from '../../accept/admission.ts';
import { responseModeOf } from '../../accept/admission.rules.ts';
import type { Accepted, TriggerProfile } from '../../accept/trigger-profile.ts';
import { replyOutcome } from '../../answers/answer-reply.ts';
import type { AnswerOutcome } from '../../answers/answer-waiters.ts';
import { GATEWAY_LIMITS } from '../../gateway.config.ts';
import { replyProblem } from '../../inbound/http-reply.ts';

/** Our own way of speaking to triggers (platform.md GW-03, GW-04): 202 with the run, or the flow's own response. */
@Injectable()
export class NativeProfile implements TriggerProfile {
  readonly name = 'native';
  readonly takesDrafts = true;
  readonly answerTimeoutMs = GATEWAY_LIMITS.answerTimeoutMs;
  readonly refused = replyProblem;

  constructor(@InjectSettings() private readonly settings: Settings) {}

  waits({ route, mode }: Admission): boolean {
    return responseModeOf(route, mode, 'async') === 'sync';
  }

  accepted({ response, route }: Admission, { id, status }: Accepted): void {
    const body = `{"id":"${id}","status":"${status}"}`;
    response.writeHead(202, [
      'content-type',
      'application/json; charset=utf-8',
      'content-length',
      String(body.length),
      'location',
      route.trigger.forwardTo === null ? this.#locationOf(id) : `${this.settings.publicUrl}/v1/requests/${id}`,
      'retry-after',
      '1',
    ]);
    // ASCII: Node writes head and body as one string, and latin1 is the cheapest to write.
    response.end(body, 'latin1');
  }

  settled({ id, request, response }: Admission, outcome: AnswerOutcome): void {
    replyOutcome(request, response, outcome, this.#locationOf(id));
  }

  #locationOf(id: string): string {
    return `${this.settings.publicUrl}/v1/runs/${id}`;
  }
}
