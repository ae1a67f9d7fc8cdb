import { Inject, Injectable } from '@nestjs/common';
import type { AppScope } from '@sluice/access';
import { type EndpointState, type FieldProblem, isUuid, newId } from '@sluice/contracts';
import {
  type EndpointSecrets,
  EventTemplateError,
  headersOf,
  type HookJudgement,
  isHookType,
  judgeHookAnswer,
  openSecrets,
  recordedText,
  type RequestHeaders,
  sampleHookPayload,
} from '@sluice/endpoints';
import { readableJson } from '@sluice/event-store';
import { headerProblem, OutboundClient, type OutboundResult } from '@sluice/outbound-http';
import { InjectPool, platformError } from '@sluice/platform';
import { MASK, SealedValues } from '@sluice/sealed-values';
import type { Pool } from 'pg';
import { dispatcherError } from '../dispatcher.errors.ts';
import { bodyOf, type DeliveryBody } from '../delivering/delivery-body.rules.ts';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { passesFilter } from '../matching/event-filters.ts';
import { fieldProblems, hintOf, stageOfError, stageOfStatus, testProblems } from './endpoint-test.rules.ts';
import type { EndpointTestAnswer } from './endpoint-test.responses.ts';
import { SampleEvents } from './sample-event.ts';
import { testedEndpoint } from './tested-endpoint.ts';

/** Each holds a connection for up to 15 s. */
const MOST_AT_ONCE = 32;
/** Of one credential, so that whoever has a portal link does not keep all others from testing. */
const MOST_OF_ONE = 8;

interface Trial {
  id: string;
  endpoint: EndpointState;
  body: DeliveryBody | null;
  headers: RequestHeaders;
  /** What a person should know besides the answer. */
  notes: string[];
}

/** @throws AppError `invalid_request` when there are any. */
export function refuse(problems: readonly FieldProblem[]): void {
  if (problems.length === 0) return;
  throw platformError('invalid_request', `${problems.length} of the values cannot be tested`, { errors: problems });
}

/** LU-03: tries an endpoint as it was filled in, saved or not, with a sample; nothing of it is recorded. */
@Injectable()
export class EndpointTester {
  readonly #running = new Map<string, number>();

  constructor(
    @InjectPool('dispatcher') private readonly pool: Pool,
    @Inject(OutboundClient) private readonly client: OutboundClient,
    @Inject(SealedValues) private readonly sealed: SealedValues,
    @Inject(SampleEvents) private readonly samples: SampleEvents,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {}

  /** @throws AppError `invalid_request`, `not_found`, `too_many_tests` */
  async test(sent: Readonly<Record<string, unknown>>, app: AppScope, by: string): Promise<EndpointTestAnswer> {
    const hasId = sent.id !== undefined && sent.id !== null;
    // An id that is no id names nothing: it is told with what else is wrong.
    if (hasId) refuse(fieldProblems(sent));
    const stored = hasId ? await this.stored(String(sent.id), app) : null;
    refuse(testProblems(sent, stored, { headerProblem, etlPrefix: this.config.etlPrefix }));
    const all = [...this.#running.values()].reduce((sum, each) => sum + each, 0);
    const own = this.#running.get(by) ?? 0;
    if (all >= MOST_AT_ONCE || own >= MOST_OF_ONE) {
      throw dispatcherError('too_many_tests', 'Other endpoints are being tested.');
    }
    this.#running.set(by, own + 1);
    try {
      return await this.#try(sent, stored, app);
    } finally {
      const left = (this.#running.get(by) ?? 1) - 1;
      if (left === 0) this.#running.delete(by);
      else this.#running.set(by, left);
    }
  }

  async #try(
    sent: Readonly<Record<string, unknown>>,
    stored: EndpointState | null,
    app: AppScope,
  ): Promise<EndpointTestAnswer> {
    const endpoint = testedEndpoint(sent, stored, stored?.appId ?? app.id);
    const secrets = await this.#secretsOf(sent, stored);
    let trial: Trial;
    try {
      trial = await this.#trialOf(sent, endpoint, secrets);
    } catch (error) {
      if (!(error instanceof EventTemplateError)) throw error;
      const hint = `The ${error.code === 'filter_failed' ? 'filter' : 'transformation'} failed: ${error.message}`;
      const nothing = { status: null, durationMs: 0, request: null, response: null };
      return { ok: false, verdict: 'transport_failure', stage: 'request', ...nothing, hint };
    }
    const result = await this.client.send({
      method: endpoint.kind === 'inline' ? 'POST' : endpoint.method,
      url: endpoint.url,
      headers: trial.headers.sent,
      body: trial.body?.text ?? null,
      timeoutMs: this.config.attemptTimeoutMs,
    });
    return answerOf(trial, result, this.config.maxRecordedBytes);
  }

  async #trialOf(
    sent: Readonly<Record<string, unknown>>,
    endpoint: EndpointState,
    secrets: EndpointSecrets,
  ): Promise<Trial> {
    const id = newId();
    const { payload } = sent;
    const notes: string[] = [];
    let body: Trial['body'];
    let event = null;
    if (endpoint.kind === 'inline') {
      const sample = payload ?? (isHookType(endpoint.hookType) ? sampleHookPayload(endpoint.hookType) : {});
      body = { contentType: 'application/json', text: JSON.stringify(sample) };
    } else {
      const asked = typeof sent.eventType === 'string' ? sent.eventType : null;
      event = await this.samples.of(endpoint.appId, endpoint.events, asked, payload);
      if (!passesFilter(endpoint, event)) notes.push('The filter would not let this sample through.');
      body = bodyOf(event, endpoint, id);
    }
    const headers = headersOf({
      event,
      endpoint,
      secrets,
      deliveryId: id,
      contentType: body?.contentType ?? null,
      body: body?.text ?? '',
      nowMs: Date.now(),
      hops: 1,
      etlPrefix: this.config.prefixOf(endpoint.appId),
    });
    return { id, endpoint, body, headers, notes };
  }

  /** What the test gives, and where it gives a mask or nothing, what is stored. */
  async #secretsOf(sent: Readonly<Record<string, unknown>>, stored: EndpointState | null): Promise<EndpointSecrets> {
    const open = stored ? await openSecrets(this.sealed, stored, new Date().toISOString()) : null;
    const given = (value: unknown, before: string | null): string | null =>
      value === undefined || value === MASK ? before : value === null || value === '' ? null : (value as string);
    const secret = given(sent.secret, null);
    const kept = sent.secret === undefined || sent.secret === MASK;
    const byName = new Map(
      stored?.headers.map(({ key }, index) => [key.toLowerCase(), open?.headerValues[index] ?? '']),
    );
    const headers = sent.headers as { key: string; value: string }[] | undefined;
    return {
      secrets: kept ? (open?.secrets ?? []) : secret === null ? [] : [secret],
      basicPass: given(sent.basicPass, open?.basicPass ?? null),
      headerValues: headers
        ? headers.map(({ key, value }) => (value === MASK ? (byName.get(key.toLowerCase()) ?? '') : value))
        : (open?.headerValues ?? []),
    };
  }

  /** @throws AppError 404 */
  async stored(id: string, app: AppScope): Promise<EndpointState> {
    const isNumber = /^[1-9]\d{0,8}$/.test(id);
    const { rows } =
      isNumber || isUuid(id)
        ? await this.pool.query<{ state: string }>(
            `select state from dispatcher.endpoints where not deleted and
               ${isNumber ? `(${readableJson('state')} ->> 'id')::int = $1::int` : 'uuid = $1::uuid'}`,
            [id],
          )
        : { rows: [] };
    const endpoint = rows[0] ? (JSON.parse(rows[0].state) as EndpointState) : null;
    if (endpoint && app.sees(endpoint.appId)) return endpoint;
    throw platformError('not_found', 'there is no such endpoint');
  }
}

function judged(endpoint: EndpointState, result: OutboundResult): HookJudgement {
  if (!result.ok) {
    return { verdict: 'transport_failure', response: null, message: `${result.error.message}.` };
  }
  if (endpoint.kind === 'inline' && isHookType(endpoint.hookType)) {
    const { status, truncated } = result;
    return judgeHookAnswer(endpoint.hookType, { status, body: result.body.toString(), truncated });
  }
  const ok = result.status >= 200 && result.status <= 299;
  return {
    verdict: ok ? 'success' : 'transport_failure',
    response: null,
    message: `the answer was ${result.status}${ok ? '' : ', not 2xx'}`,
  };
}

function answerOf(
  { endpoint, body, headers, notes }: Trial,
  result: OutboundResult,
  maxBytes: number,
): EndpointTestAnswer {
  const { verdict, message } = judged(endpoint, result);
  const ofTransport = result.ok ? stageOfStatus(result.status) : stageOfError(result.error);
  const stage = ofTransport === 'ok' && verdict === 'failed' ? 'format' : ofTransport;
  const response = result.ok ? recordedText(result.body, maxBytes) : null;
  return {
    ok: verdict === 'success',
    verdict,
    stage,
    status: result.ok ? result.status : null,
    durationMs: Math.round(result.durationMs),
    request: {
      method: endpoint.kind === 'inline' ? 'POST' : endpoint.method,
      url: endpoint.url,
      headers: headers.recorded,
      body: body === null ? '' : recordedText(body.text, maxBytes).text,
    },
    response:
      result.ok && response
        ? {
            status: result.status,
            headers: result.headers,
            body: response.text,
            truncated: response.truncated || result.truncated,
          }
        : null,
    hint: [hintOf(stage, `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`), ...notes].join(' '),
  };
}
