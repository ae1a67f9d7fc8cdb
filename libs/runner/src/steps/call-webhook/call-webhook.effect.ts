import type { AttemptFinished, EndpointState } from '@sluice/contracts';
import {
  accessPayload,
  type EndpointSecrets,
  headersOf,
  HOOK_TIMEOUT_MS,
  type HookJudgement,
  isHookType,
  judgeHookAnswer,
  recordedText,
  type RequestHeaders,
} from '@sluice/endpoints';
import { isTransientError } from '@sluice/event-store';
import type { OutboundClient, OutboundResult } from '@sluice/outbound-http';
import type { Payloads } from '@sluice/payloads';
import { UnsealError } from '@sluice/sealed-values';
import { tried } from '../http/http-files.ts';
import { mask } from '../http/secret-mask.rules.ts';
import type { EffectCall, EffectResult, StepEffect } from '../step-type.ts';
import type { WebhookCall } from './call-webhook.step.ts';
import type { InlineEndpoints } from './inline-endpoints.ts';

/** Recorded bodies are cut here, as those of the dispatcher are. */
const MAX_RECORDED_BYTES = 64 * 1024;

interface SentCall {
  endpoint: EndpointState;
  headers: RequestHeaders;
  body: string;
  startMs: number;
  result: OutboundResult;
}

/** Calls an inline endpoint once (LU-08), judges its answer, and tells the call as an attempt. */
export class CallWebhookEffect implements StepEffect {
  private readonly client: OutboundClient;
  private readonly endpoints: InlineEndpoints;
  private readonly payloads: Payloads;
  private readonly etlPrefix: string;

  /** @param etlPrefix inline endpoints are sent no headers of format `etl`; a setting may not give one that looks so. */
  constructor(client: OutboundClient, endpoints: InlineEndpoints, payloads: Payloads, etlPrefix: string) {
    this.client = client;
    this.endpoints = endpoints;
    this.payloads = payloads;
    this.etlPrefix = etlPrefix;
  }

  /** @throws a transient error when the database is away; nothing was sent then. */
  async perform(call: EffectCall): Promise<EffectResult> {
    const { endpoint: name, payload: given } = call.request as WebhookCall;
    const endpoint = call.appId === null ? null : await this.endpoints.find(call.appId, name);
    if (!endpoint)
      return failed('endpoint_not_found', `there is no inline endpoint ${JSON.stringify(name).slice(0, 200)}`);
    const { hookType } = endpoint;
    if (!endpoint.enabled) return failed('endpoint_disabled', `the endpoint ${endpoint.name} is disabled`);
    if (!isHookType(hookType) || hookType === 'SIEM') {
      return failed('endpoint_not_callable', `the endpoint ${endpoint.name} is sent activities; flows do not call it`);
    }
    const made = accessPayload(given);
    if ('problem' in made) return failed('invalid_payload', made.problem);
    const secrets = await this.openSecrets(endpoint);
    if (secrets === null)
      return failed('secret_unreadable', `a secret of the endpoint ${endpoint.name} cannot be opened`);
    const sent = await this.send(call, endpoint, secrets, JSON.stringify(made.payload));
    if (!sent.result.ok && call.signal.aborted) return failed('aborted', 'the process is shutting down');
    const { result } = sent;
    const judgement: HookJudgement = result.ok
      ? judgeHookAnswer(hookType, { status: result.status, body: result.body.toString(), truncated: result.truncated })
      : { verdict: 'transport_failure', response: null, message: `${result.error.stage}: ${result.error.message}` };
    const hidden = [...secrets.secrets, ...secrets.headerValues, ...(secrets.basicPass ? [secrets.basicPass] : [])];
    const { verdict, response, message } = judgement;
    const output = { ok: verdict === 'success', verdict, response, status: result.ok ? result.status : null, message };
    const attempt = await this.withWholeAnswer(attemptOf(call, sent, judgement), result);
    const payloadId = attempt.response?.payloadId;
    return {
      ...mask({ output, error: null, retryable: false }, hidden),
      ...(payloadId === undefined ? {} : { payloads: [payloadId] }),
      call: attempt,
    };
  }

  /** ET-09: an answer that the record has only in part is kept whole beside it; where it cannot be, the part is shown. */
  private async withWholeAnswer(attempt: AttemptFinished, result: OutboundResult): Promise<AttemptFinished> {
    if (!result.ok || attempt.response?.truncated !== true) return attempt;
    try {
      const payloadId = await tried(() => this.payloads.put(result.body));
      return { ...attempt, response: { ...attempt.response, payloadId } };
    } catch (error) {
      if (!isTransientError(error)) throw error;
      return attempt;
    }
  }

  private async openSecrets(endpoint: EndpointState): Promise<EndpointSecrets | null> {
    try {
      return await this.endpoints.secretsOf(endpoint, new Date().toISOString());
    } catch (error) {
      if (error instanceof UnsealError) return null;
      throw error;
    }
  }

  private async send(
    call: EffectCall,
    endpoint: EndpointState,
    secrets: EndpointSecrets,
    body: string,
  ): Promise<SentCall> {
    const startMs = Date.now();
    const headers = headersOf({
      event: null,
      endpoint,
      secrets,
      deliveryId: call.idempotencyKey,
      contentType: 'application/json',
      body,
      nowMs: startMs,
      hops: call.hops,
      etlPrefix: this.etlPrefix,
      traceparent: call.traceparent,
    });
    const result = await this.client.send({
      method: 'POST',
      url: endpoint.url,
      headers: headers.sent,
      body,
      timeoutMs: HOOK_TIMEOUT_MS,
      signal: call.signal,
    });
    return { endpoint, headers, body, startMs, result };
  }
}

function failed(code: string, message: string): EffectResult {
  return { error: { code, message }, retryable: false };
}

/** The call as View events and the deliveries show it; it has the id that the receiver was told. */
function attemptOf(
  call: EffectCall,
  { endpoint, headers, body, startMs, result }: SentCall,
  judgement: HookJudgement,
): AttemptFinished {
  return {
    deliveryId: call.idempotencyKey,
    eventId: call.idempotencyKey,
    eventType: endpoint.hookType ?? '',
    endpointId: endpoint.id,
    endpointUuid: endpoint.uuid,
    endpointName: endpoint.name,
    runId: call.runId,
    number: 1,
    at: new Date(startMs).toISOString(),
    durationMs: Math.round(result.durationMs),
    request: { method: 'POST', url: endpoint.url, headers: headers.recorded, ...recordedRequest(body) },
    response: responseOf(result),
    error: result.ok ? null : result.error,
    outcome: judgement.verdict === 'success' ? 'succeeded' : 'failed',
    nextAttemptAt: null,
    verdict: judgement.verdict,
  };
}

function recordedRequest(body: string): Pick<AttemptFinished['request'], 'body' | 'truncated'> {
  const { text, truncated } = recordedText(body, MAX_RECORDED_BYTES);
  return truncated ? { body: text, truncated } : { body: text };
}

function responseOf(result: OutboundResult): AttemptFinished['response'] {
  if (!result.ok) return null;
  const { text, truncated } = recordedText(result.body, MAX_RECORDED_BYTES);
  return { status: result.status, headers: result.headers, body: text, truncated: truncated || result.truncated };
}
