import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AppError } from '@sluice/contracts';
import { InjectSettings, type Settings } from '@sluice/platform';
import type { Admission, Verdict } from '../../accept/admission.ts';
import type { Accepted, TriggerProfile } from '../../accept/trigger-profile.ts';
import { isAuthentic } from '@sluice/trigger-credentials';
import { TriggerAuthenticator } from '../../authentication/trigger-authenticator.ts';
import { GATEWAY_LIMITS } from '../../gateway.config.ts';
import { gatewayError } from '../../gateway.errors.ts';
import { replyJson, replyProblem } from '../../inbound/http-reply.ts';
import { Refusals } from '../../inbound/refusals.ts';
import { inputProblems } from './run-input.rules.ts';
import { acceptedRun } from './run-resource.rules.ts';
import { RunResources } from './run-resources.ts';

/** LT-04: Lutra's own name of the header; ours is the trigger's. */
const LUTRA_TOKEN = { type: 'header', name: 'X-Lutra-Webhook-Token' } as const;
const OUR_TOKEN = 'x-sluice-webhook-token';

/** What is 422 elsewhere and 400 here (LT-07). */
const UNREADABLE: ReadonlySet<string> = new Set(['malformed_json', 'invalid_utf8']);

/** Lutra's way (compatibility.md §1): 201 with the run as a resource, which its caller reads until there is a result. */
@Injectable()
export class RunProfile implements TriggerProfile {
  readonly name = 'run';
  readonly takesDrafts = false;
  readonly answerTimeoutMs = GATEWAY_LIMITS.answerTimeoutMs;

  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly authenticator: TriggerAuthenticator,
    private readonly resources: RunResources,
    private readonly refusals: Refusals,
  ) {}

  authenticate(admission: Admission): Verdict | Promise<Verdict> {
    const { auth, tokenHashes } = admission.route.trigger;
    const isOurs = auth.type === 'header' && auth.name.toLowerCase() === OUR_TOKEN;
    if (isOurs && isAuthentic(LUTRA_TOKEN, tokenHashes, admission.request.headers)) return;
    return this.authenticator.requireCredential(admission);
  }

  /** LT-07, by what the version that will run declares. */
  checkBody({ value, route, mode }: Admission): void {
    const inputs = mode === 'draft' ? route.flow.draftInputs : route.flow.liveInputs;
    const errors = inputProblems(inputs, value);
    if (errors.length === 0) return;
    const detail = `The body does not fit the flow's inputs: ${errors.length} value${errors.length === 1 ? '' : 's'}.`;
    throw gatewayError('invalid_input', detail, { errors });
  }

  /** The answer is the run itself, whatever its flow says of responses. */
  waits(): boolean {
    return false;
  }

  accepted(admission: Admission, { id, status }: Accepted): void {
    const { request, response, route } = admission;
    const headers = { location: `${this.settings.publicUrl}/api/webhooks/${route.trigger.triggerId}/runs/${id}` };
    if (status === 'accepted') {
      replyJson(response, 201, acceptedRun(id, admission.receivedAt, admission.value), headers);
      return;
    }
    this.resources.get(route.trigger, id).then(
      (run) => replyJson(response, 201, run, headers),
      (error: unknown) => this.refusals.answer(request, response, error, this),
    );
  }

  settled(): void {
    throw new Error('nobody waits for the answer of a run of this profile');
  }

  refused(request: IncomingMessage, response: ServerResponse, error: AppError): void {
    replyProblem(request, response, UNREADABLE.has(error.code) ? asBadRequest(error) : error);
  }
}

function asBadRequest(error: AppError): AppError {
  const { code, title, retry, message, errors, headers } = error;
  return new AppError(code, { status: 400, title, retry }, message, { errors, headers: { ...headers } });
}
