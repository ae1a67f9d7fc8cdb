import type { OutboundAnswer, OutboundClient, OutboundFailure } from '@sluice/outbound-http';
import type { Settings } from '@sluice/platform';
import { MAX_OUTPUT_BYTES } from '../../runs/run-limits.ts';
import { mask } from '../http/secret-mask.rules.ts';
import type { EffectCall, EffectResult, StepEffect } from '../step-type.ts';
import type { CallTokens } from './call-tokens.ts';
import type { ListenerRequest } from './listener.step.ts';

/** Calls the URL of an app's listener, with a token that is worth something until it has answered. */
export class ListenerEffect implements StepEffect {
  private readonly client: OutboundClient;
  private readonly tokens: CallTokens;
  private readonly settings: Pick<Settings, 'publicUrl' | 'listenerTimeoutMs'>;

  constructor(client: OutboundClient, tokens: CallTokens, settings: Pick<Settings, 'publicUrl' | 'listenerTimeoutMs'>) {
    this.client = client;
    this.tokens = tokens;
    this.settings = settings;
  }

  /** @throws a transient error when no token can be lent because the database is away; nothing was sent then. */
  async perform(call: EffectCall): Promise<EffectResult> {
    const { url, listener, props, event, timeoutMs } = call.request as ListenerRequest;
    if (call.appId === null) {
      return { error: { code: 'no_app', message: 'a run without an app has no listeners' }, retryable: false };
    }
    const withinMs = timeoutMs ?? this.settings.listenerTimeoutMs;
    const token = await this.tokens.lend(call.appId, withinMs);
    try {
      const api = { url: this.settings.publicUrl, token: token.clear };
      const result = await this.client.send({
        method: 'POST',
        url,
        headers: [
          ['content-type', 'application/json'],
          ['user-agent', 'Sluice'],
          ['idempotency-key', call.idempotencyKey],
          ['sluice-hops', String(call.hops)],
          ...(call.traceparent === undefined ? [] : ([['traceparent', call.traceparent]] as [string, string][])),
        ],
        body: JSON.stringify({ listener, props, event, api }),
        timeoutMs: withinMs,
        signal: call.signal,
        maxBodyBytes: MAX_OUTPUT_BYTES,
      });
      return mask(result.ok ? answerOf(result) : failureOf(result), [token.clear]);
    } finally {
      await this.tokens.takeBack(token);
    }
  }
}

/** Exactly 200 is success. */
function answerOf({ status, body, truncated }: OutboundAnswer): EffectResult {
  const output = { status, body: truncated ? null : body.toString('utf8') };
  if (status === 200) return { output, error: null, retryable: false };
  const error = { code: 'listener_failed', message: `the listener answered ${status}, which is not 200` };
  return { error, retryable: status >= 500 };
}

function failureOf({ error }: OutboundFailure): EffectResult {
  const { stage, code, message } = error;
  return { error: { code, message: `${stage}: ${message}` }, retryable: stage !== 'address' };
}
