import type { EndpointState } from '@sluice/contracts';
import type { SealedValues } from '@sluice/sealed-values';
import type { EndpointSecrets } from './request-headers.ts';

/**
 * Opens what an endpoint's requests need: the secrets that sign now, and what is sent.
 * @param now RFC 3339.
 * @throws UnsealError when one cannot be opened; what the database throws
 */
export async function openSecrets(
  sealed: Pick<SealedValues, 'open'>,
  endpoint: EndpointState,
  now: string,
): Promise<EndpointSecrets> {
  const previous = (endpoint.previousSecrets ?? []).filter(({ until }) => until > now).map(({ value }) => value);
  const live = endpoint.secret ? [endpoint.secret, ...previous] : [];
  return {
    secrets: await Promise.all(live.map((ref) => sealed.open(ref))),
    basicPass: endpoint.basicPass ? await sealed.open(endpoint.basicPass) : null,
    headerValues: await Promise.all(endpoint.headers.map((header) => sealed.open(header.value))),
  };
}
