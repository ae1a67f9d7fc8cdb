import type { EncryptionKey } from './key-ring.ts';
import { SignedTokens } from './signed-tokens.ts';

/** What a signed link is for: to give a waiting step its answer. */
export interface LinkClaim {
  /** `callback`: any body is the answer; `approval`: a decision is. */
  kind: 'callback' | 'approval';
  runId: string;
  /** The key of the step in its run (`stepKeyOf` in libs/contracts). */
  step: string;
  /** Unix seconds; the link is worth nothing afterwards. */
  expiresAt: number;
}

const VERSION = 1;
const KINDS = ['callback', 'approval'] as const;
/** Version, kind, expiry (40 bits) and run id, before the step. */
const HEAD_BYTES = 1 + 1 + 5 + 16;

/** What stands in the link of a waiting step: run, step, kind and expiry, signed. So nothing has to be stored for a link. */
export class LinkTokens {
  readonly #signed: SignedTokens;

  constructor(keys: readonly EncryptionKey[]) {
    this.#signed = new SignedTokens(keys, 'sluice resume links v1');
  }

  sign({ kind, runId, step, expiresAt }: LinkClaim): string {
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = VERSION;
    head[1] = KINDS.indexOf(kind);
    head.writeUIntBE(expiresAt, 2, 5);
    head.write(runId.replaceAll('-', ''), 7, 'hex');
    return this.#signed.sign(Buffer.concat([head, Buffer.from(step)]));
  }

  /** What was signed, or null for everything that no key of the ring has signed. Expiry is the caller's to look at. */
  verify(token: string): LinkClaim | null {
    const claim = this.#signed.verify(token);
    return claim === null ? null : claimOf(claim);
  }
}

function claimOf(claim: Buffer): LinkClaim | null {
  const kind = KINDS[claim[1] as number];
  if (claim.length <= HEAD_BYTES || claim[0] !== VERSION || kind === undefined) return null;
  const hex = claim.subarray(7, HEAD_BYTES).toString('hex');
  const runId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { kind, runId, step: claim.subarray(HEAD_BYTES).toString(), expiresAt: claim.readUIntBE(2, 5) };
}
