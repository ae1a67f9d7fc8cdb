import { PORTAL_PERMISSIONS, type PortalLinkState, type PortalPermission } from '@sluice/contracts';
import { type EncryptionKey, SignedTokens } from '@sluice/sealed-values';

/** What stands in the token of a portal link, besides the endpoints' uuids, which the link's row has. */
export interface PortalClaim {
  linkId: string;
  appId: string;
  permissions: PortalPermission[];
  /** By their integers. */
  endpointIds: number[];
  expiresAtMs: number;
}

const PREFIX = 'sluice_ptl_';
const VERSION = 1;
/** Version, permissions (a bit each), expiry in Unix milliseconds (48 bits), link and app, before 4 bytes per endpoint. */
const HEAD_BYTES = 1 + 1 + 6 + 16 + 16;

/**
 * Tokens of portal links: which link, of which app, for which endpoints, with which permissions and until when, signed under
 * a key derived from the sealing keys (decision 0370). The link's row decides besides whether it was revoked.
 */
export class PortalTokens {
  readonly #signed: SignedTokens;

  constructor(keys: readonly EncryptionKey[]) {
    this.#signed = new SignedTokens(keys, 'sluice portal links v1');
  }

  sign({ id, appId, permissions, endpoints, expiresAt }: PortalLinkState): string {
    const claim = Buffer.alloc(HEAD_BYTES + 4 * endpoints.length);
    claim[0] = VERSION;
    claim[1] = permissions.reduce((bits, each) => bits | (1 << PORTAL_PERMISSIONS.indexOf(each)), 0);
    claim.writeUIntBE(Date.parse(expiresAt), 2, 6);
    claim.write(id.replaceAll('-', ''), 8, 'hex');
    claim.write(appId.replaceAll('-', ''), 24, 'hex');
    endpoints.forEach((each, index) => claim.writeUInt32BE(each.id, HEAD_BYTES + 4 * index));
    return `${PREFIX}${this.#signed.sign(claim)}`;
  }

  /** What was signed, or null when no key of ours has signed it. Expiry is the caller's to look at. */
  verify(token: string): PortalClaim | null {
    const claim = isPortalToken(token) ? this.#signed.verify(token.slice(PREFIX.length)) : null;
    return claim === null || claim[0] !== VERSION ? null : claimOf(claim);
  }
}

export function isPortalToken(token: string): boolean {
  return token.startsWith(PREFIX);
}

function claimOf(claim: Buffer): PortalClaim {
  const bits = claim[1] as number;
  const count = (claim.length - HEAD_BYTES) / 4;
  return {
    linkId: uuidAt(claim, 8),
    appId: uuidAt(claim, 24),
    permissions: PORTAL_PERMISSIONS.filter((_, index) => (bits & (1 << index)) !== 0),
    endpointIds: Array.from({ length: count }, (_, index) => claim.readUInt32BE(HEAD_BYTES + 4 * index)),
    expiresAtMs: claim.readUIntBE(2, 6),
  };
}

function uuidAt(claim: Buffer, offset: number): string {
  const hex = claim.subarray(offset, offset + 16).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
