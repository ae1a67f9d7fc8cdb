import { Inject, Injectable, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { outboundClientOf, OutboundClient } from '@sluice/outbound-http';
import { poolToken, type Settings, SETTINGS } from '@sluice/platform';
import { SealedValues } from '@sluice/sealed-values';
import type { Pool } from 'pg';
import { CredentialVerifiers, KeySets } from '@sluice/trigger-credentials';
import { TriggerAuthenticator } from './trigger-authenticator.ts';

/** Ends the connections over which keys were fetched. */
@Injectable()
class ClosesOutbound implements OnApplicationShutdown {
  constructor(@Inject(OutboundClient) private readonly outbound: OutboundClient) {}

  onApplicationShutdown(): Promise<void> {
    return this.outbound.close();
  }
}

/** What authentication needs; in one place for the module. */
export const AUTHENTICATION: readonly Provider[] = [
  {
    provide: SealedValues,
    inject: [poolToken('gateway'), SETTINGS],
    useFactory: (pool: Pool, settings: Settings) => new SealedValues({ pool, keys: settings.encryptionKeys }),
  },
  {
    // The gateway calls nobody but the servers of keys that triggers name.
    provide: OutboundClient,
    inject: [SETTINGS],
    useFactory: (settings: Settings) => outboundClientOf(settings),
  },
  {
    provide: KeySets,
    inject: [OutboundClient],
    useFactory: (outbound: OutboundClient) => new KeySets(outbound, Date.now),
  },
  CredentialVerifiers,
  TriggerAuthenticator,
  ClosesOutbound,
];
