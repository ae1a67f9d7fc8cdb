import { Inject, Injectable } from '@nestjs/common';
import type { EndpointState } from '@sluice/contracts';
import { type EndpointSecrets, openSecrets } from '@sluice/endpoints';
import { SealedValues } from '@sluice/sealed-values';

/** Opens what an endpoint's requests need; cached below, so that only the first one asks the database. */
@Injectable()
export class SecretOpener {
  constructor(@Inject(SealedValues) private readonly sealed: SealedValues) {}

  /** @throws UnsealError when one cannot be opened; what the database throws */
  open(endpoint: EndpointState, now = new Date().toISOString()): Promise<EndpointSecrets> {
    return openSecrets(this.sealed, endpoint, now);
  }
}
