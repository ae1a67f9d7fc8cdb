import { Inject, Injectable } from '@nestjs/common';
import type { EndpointState } from '@sluice/contracts';
import { type EndpointSecrets, openSecrets } from '@sluice/endpoints';
import { SealedValues } from '@sluice/sealed-values';

interface Opened {
  secrets: EndpointSecrets;
  /** When the first of the secrets that were rotated away stops signing (Unix milliseconds). */
  untilMs: number;
}

/**
 * Opens what an endpoint's requests need. It is kept for the endpoint as it is: every change of an endpoint, the rotation
 * of a secret too, makes another state of it.
 */
@Injectable()
export class SecretOpener {
  readonly #opened = new WeakMap<EndpointState, Opened>();

  constructor(@Inject(SealedValues) private readonly sealed: SealedValues) {}

  /** What was opened for an attempt before; undefined when it has to be opened (again). */
  known(endpoint: EndpointState, nowMs: number): EndpointSecrets | undefined {
    const opened = this.#opened.get(endpoint);
    return opened && nowMs < opened.untilMs ? opened.secrets : undefined;
  }

  /** @throws UnsealError when one cannot be opened; what the database throws */
  async open(endpoint: EndpointState, nowMs: number): Promise<EndpointSecrets> {
    const secrets = await openSecrets(this.sealed, endpoint, new Date(nowMs).toISOString());
    const ends = (endpoint.previousSecrets ?? []).map(({ until }) => Date.parse(until)).filter((end) => end > nowMs);
    this.#opened.set(endpoint, { secrets, untilMs: Math.min(Number.POSITIVE_INFINITY, ...ends) });
    return secrets;
  }
}
