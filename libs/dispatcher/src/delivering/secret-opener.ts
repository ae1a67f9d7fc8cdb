import { Inject, Injectable } from '@nestjs/common';
import type { EndpointState } from '@sluice/contracts';
import { SealedValues } from '@sluice/sealed-values';
import type { EndpointSecrets } from './delivery-headers.rules.ts';

/** Opens what an endpoint's requests need; cached below, so that only the first one asks the database. */
@Injectable()
export class SecretOpener {
  constructor(@Inject(SealedValues) private readonly sealed: SealedValues) {}

  /** @throws UnsealError when one cannot be opened; what the database throws */
  async open(endpoint: EndpointState): Promise<EndpointSecrets> {
    return {
      secret: endpoint.secret ? await this.sealed.open(endpoint.secret) : null,
      basicPass: endpoint.basicPass ? await this.sealed.open(endpoint.basicPass) : null,
      headerValues: await Promise.all(endpoint.headers.map((header) => this.sealed.open(header.value))),
    };
  }
}
