import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AccessControl, bearerOf } from '@sluice/access';
import type { AppError, RunAnswered } from '@sluice/contracts';
import { InjectSettings, type Settings } from '@sluice/platform';
import type { Admission, Verdict } from '../../accept/admission.ts';
import { responseModeOf } from '../../accept/admission.rules.ts';
import type { Accepted, TriggerProfile } from '../../accept/trigger-profile.ts';
import { failureOf, replyResponse } from '../../answers/answer-reply.ts';
import type { AnswerOutcome } from '../../answers/answer-waiters.ts';
import { unauthorized } from '../../authentication/trigger-authenticator.ts';
import { challengeOf, isAuthentic } from '@sluice/trigger-credentials';
import { GATEWAY_LIMITS } from '../../gateway.config.ts';
import { gatewayError } from '../../gateway.errors.ts';
import { replyRefusal } from '../../inbound/http-reply.ts';
import { AsyncAnswers, type RenderedAnswer } from './async-answers.ts';
import { JSON_TYPE, messageText, refusalOf } from './flow-answer.rules.ts';

const GOES_ON = 'The run goes on; Location shows how it ends.';

/** Locoia's way (compatibility.md §3): the caller waits for the flow, and gets what the flow says. */
@Injectable()
export class FlowProfile implements TriggerProfile {
  readonly name = 'flow';
  readonly takesDrafts = false;
  readonly answerTimeoutMs = GATEWAY_LIMITS.answerTimeoutMs;

  readonly #answers = new AsyncAnswers();
  /** Rendered before the request is stored, sent afterwards. */
  readonly #rendered = new WeakMap<Admission, RenderedAnswer>();

  constructor(
    private readonly access: AccessControl,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  /** LC-06, LC-07; LC-05: a flow that is a draft runs as it was last saved. */
  authenticate(admission: Admission): Verdict | Promise<Verdict> {
    const { route, request } = admission;
    const { auth, tokenHashes } = route.trigger;
    if (route.flow.status === 'draft') admission.mode = 'draft';
    if (isAuthentic(auth, tokenHashes, request.headers)) return;
    const token = auth.type === 'bearer' ? bearerOf(request.headers.authorization) : null;
    if (token === null) throw unauthorized(challengeOf(auth));
    return this.#requirePersonal(token, admission);
  }

  /** A stranger's token is told no more than a wrong one. */
  async #requirePersonal(token: string, admission: Admission): Promise<void> {
    const { auth, appId } = admission.route.trigger;
    const caller = await this.access.authenticate(token);
    const isPersonal = caller?.kind === 'personal';
    if (!isPersonal || !this.access.mayIn(caller, appId, 'automation.webhook_run'))
      throw unauthorized(challengeOf(auth));
    admission.principal = caller;
  }

  waits({ route, mode }: Admission): boolean {
    return responseModeOf(route, mode, 'sync') === 'sync';
  }

  /** LC-12: a response that cannot be made is told before anything is stored. */
  checkBody(admission: Admission): void {
    if (this.waits(admission)) return;
    const { flow } = admission.route;
    const answer = admission.mode === 'draft' ? flow.draftAnswer : flow.liveAnswer;
    if (answer !== null) this.#rendered.set(admission, this.#answers.render(answer, admission));
  }

  /** LC-12. */
  accepted(admission: Admission, { id }: Accepted): void {
    const { response } = admission;
    const rendered = this.#rendered.get(admission);
    const status = rendered?.status ?? 200;
    response.setHeader('location', this.#locationOf(id));
    if (rendered !== undefined && !rendered.isDefault) return replyResponse(response, rendered);
    const body = messageText(status, null, 'The flow will be run');
    replyResponse(response, { status, contentType: JSON_TYPE, body });
  }

  settled(admission: Admission, outcome: AnswerOutcome): void {
    const { request, response } = admission;
    const headers = { location: this.#locationOf(admission.id) };
    switch (outcome.kind) {
      case 'cancelled':
        response.destroy();
        return;
      case 'timeout':
        // LC-13
        return this.refused(request, response, gatewayError('answer_timeout', GOES_ON, { headers }));
      case 'shutdown':
        return this.refused(request, response, gatewayError('shutting_down', GOES_ON, { headers }));
      case 'answered':
        return this.#answer(request, response, outcome.answer, headers);
    }
  }

  refused(request: IncomingMessage, response: ServerResponse, error: AppError): void {
    replyRefusal(request, response, refusalOf(error));
  }

  /** LC-11. What the last step gave is nobody's business where the flow does not say that it is. */
  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    answer: RunAnswered,
    headers: Record<string, string>,
  ): void {
    const failure = failureOf(answer);
    if (failure !== null) return this.refused(request, response, gatewayError('run_failed', failure, { headers }));
    const { status } = answer;
    const isDefault = answer.isDefault === true;
    const body = messageText(status, null, 'The flow was run');
    replyResponse(response, isDefault ? { status, contentType: JSON_TYPE, body } : answer);
  }

  #locationOf(id: string): string {
    return `${this.settings.publicUrl}/v1/runs/${id}`;
  }
}
