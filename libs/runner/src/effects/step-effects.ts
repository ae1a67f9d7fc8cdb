import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CodeSandbox } from '@sluice/code-sandbox';
import { outboundClientOf, type OutboundClient } from '@sluice/outbound-http';
import { Payloads } from '@sluice/payloads';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { ChildRuns } from '../children/child-runs.ts';
import { CodeEffect } from '../steps/code/code.effect.ts';
import { CallWebhookEffect } from '../steps/call-webhook/call-webhook.effect.ts';
import { InlineEndpoints } from '../steps/call-webhook/inline-endpoints.ts';
import { HttpEffect } from '../steps/http/http.effect.ts';
import { HttpFiles } from '../steps/http/http-files.ts';
import { CallTokens } from '../steps/listener/call-tokens.ts';
import { ListenerEffect } from '../steps/listener/listener.effect.ts';
import { RunFlowEffect } from '../steps/run-flow/run-flow.effect.ts';
import type { StepEffect } from '../steps/step-type.ts';

/** The impure half of every step type that has one, with the one client they share. */
@Injectable()
export class StepEffects implements OnApplicationShutdown {
  private readonly outbound: OutboundClient;
  private readonly sandbox: CodeSandbox;
  private readonly byType: ReadonlyMap<string, StepEffect>;

  constructor(
    @InjectSettings() settings: Settings,
    @InjectPool('runner') pool: Pool,
    tokens: CallTokens,
    endpoints: InlineEndpoints,
    children: ChildRuns,
  ) {
    const payloads = new Payloads(pool);
    this.sandbox = new CodeSandbox({ threads: settings.code.threads });
    this.outbound = outboundClientOf(settings);
    this.byType = new Map<string, StepEffect>([
      ['http', new HttpEffect(this.outbound, new HttpFiles(payloads))],
      ['code', new CodeEffect(this.sandbox, settings.code)],
      ['listener', new ListenerEffect(this.outbound, tokens, settings)],
      ['run_flow', new RunFlowEffect(children)],
      ['call_webhook', new CallWebhookEffect(this.outbound, endpoints, payloads, settings.etlPrefix)],
    ]);
  }

  /** @throws Error for a type whose steps ask for an effect that nobody can perform. */
  of(type: string): StepEffect {
    const effect = this.byType.get(type);
    if (!effect) throw new Error(`step type ${type} has no effect`);
    return effect;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.outbound.close(), this.sandbox.close()]);
  }
}
