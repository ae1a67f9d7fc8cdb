export { type EncryptionKey, KeyRing, UnsealError } from './key-ring.ts';
export { SealedValues, sealedTablesSql } from './sealed-values.ts';
export { type LinkClaim, LinkTokens } from './link-tokens.ts';
export { SignedTokens } from './signed-tokens.ts';
export { MASK } from './mask.ts';
