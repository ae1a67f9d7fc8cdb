import { Inject, Injectable } from '@nestjs/common';
import type { EndpointState } from '@sluice/contracts';
import { SealedValues } from '@sluice/sealed-values';
import type { EndpointSecrets } from './delivery-headers.rules.ts';

/** Opens what an endpoint's requests need; cached below, so that only the first one asks the database. */
@Injectable()
export class SecretOpener {
  constructor(@Inject(SealedValues) private readonly sealed: SealedValues) {}

  /** @throws UnsealError when one cannot be opened; what the database throws */
  async open(endpoint: EndpointState, now = new Date().toISOString()): Promise<EndpointSecrets> {
    const previous = (endpoint.previousSecrets ?? []).filter(({ until }) => until > now).map(({ value }) => value);
    const live = endpoint.secret ? [endpoint.secret, ...previous] : [];
    return {
      secrets: await Promise.all(live.map((ref) => this.sealed.open(ref))),
      basicPass: endpoint.basicPass ? await this.sealed.open(endpoint.basicPass) : null,
      headerValues: await Promise.all(endpoint.headers.map((header) => this.sealed.open(header.value))),
    };
  }
}
