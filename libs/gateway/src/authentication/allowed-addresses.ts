import { BlockList, isIP } from 'node:net';
import type { Admission, AdmissionCheck } from '../accept/admission.ts';
import { gatewayError } from '../gateway.errors.ts';

/** Addresses and CIDRs, IPv4 and IPv6, as a trigger names them; the registry has checked them. */
export class AllowedAddresses {
  readonly #list = new BlockList();

  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [network = '', bits] = range.split('/');
      const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#list.addAddress(network, family);
      else this.#list.addSubnet(network, Number(bits), family);
    }
  }

  /** What is no address is not allowed. */
  has(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** GW-02: only from the addresses that the trigger names. Who called is said by trusted proxies only. */
export const ALLOWED_ADDRESSES: AdmissionCheck = {
  check(admission: Admission): void {
    const { allowedIps } = admission.route.trigger;
    if (allowedIps === null || allowedIps.has(admission.address)) return;
    throw gatewayError('address_not_allowed', 'Requests for this trigger come from other addresses.');
  },
};
