import type { AddressPolicy } from './address-policy.ts';
import type { ResolveHost } from './host-resolver.ts';
import { OutboundError } from './outbound-error.ts';

/** The addresses of the name that may be called. @throws OutboundError when there is none. */
export async function permittedAddresses(
  hostname: string,
  { policy, resolve }: { policy: AddressPolicy; resolve: ResolveHost },
): Promise<string[]> {
  let found: string[];
  try {
    found = await resolve(hostname);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    throw new OutboundError(
      'dns',
      typeof code === 'string' ? code : 'ENOTFOUND',
      `${hostname} could not be resolved`,
      error,
    );
  }
  const refusals = found.map((address) => policy.refusal(address));
  const permitted = found.filter((_, index) => refusals[index] === null);
  if (permitted.length > 0) return permitted;
  if (found.length === 0) throw new OutboundError('dns', 'ENODATA', `${hostname} has no address`);
  throw new OutboundError('address', 'address_not_allowed', `${hostname}: ${refusals[0]}`);
}
