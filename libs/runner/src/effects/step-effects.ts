import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createOutboundClient, type OutboundClient } from '@sluice/outbound-http';
import { InjectSettings, type Settings } from '@sluice/platform';
import { CallWebhookEffect } from '../steps/call-webhook/call-webhook.effect.ts';
import { InlineEndpoints } from '../steps/call-webhook/inline-endpoints.ts';
import { HttpEffect } from '../steps/http/http.effect.ts';
import { CallTokens } from '../steps/listener/call-tokens.ts';
import { ListenerEffect } from '../steps/listener/listener.effect.ts';
import type { StepEffect } from '../steps/step-type.ts';

/** The impure half of every step type that has one, with the one client they share. */
@Injectable()
export class StepEffects implements OnApplicationShutdown {
  private readonly outbound: OutboundClient;
  private readonly byType: ReadonlyMap<string, StepEffect>;

  constructor(
    @InjectSettings() settings: Pick<Settings, 'outboundAllow' | 'publicUrl' | 'listenerTimeoutMs'>,
    tokens: CallTokens,
    endpoints: InlineEndpoints,
  ) {
    this.outbound = createOutboundClient({ allow: settings.outboundAllow ?? [] });
    this.byType = new Map<string, StepEffect>([
      ['http', new HttpEffect(this.outbound)],
      ['listener', new ListenerEffect(this.outbound, tokens, settings)],
      ['call_webhook', new CallWebhookEffect(this.outbound, endpoints)],
    ]);
  }

  /** @throws Error for a type whose steps ask for an effect that nobody can perform. */
  of(type: string): StepEffect {
    const effect = this.byType.get(type);
    if (!effect) throw new Error(`step type ${type} has no effect`);
    return effect;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.outbound.close();
  }
}
