/** Why a request may not start a trigger. What is said to the caller helps its owner and tells a forger nothing. */
export const DENIALS = {
  missing: 'The credential of this trigger is missing.',
  malformed: 'The credential is not written as this trigger expects it.',
  wrong: 'The credential of this trigger is wrong.',
  'outside-tolerance':
    'The signature is right, but its timestamp is outside the tolerance: check the clocks, or sign again.',
  'token-expired': 'The token has expired.',
  'token-not-yet-valid': 'The token is not valid yet.',
  'wrong-audience': 'The token is meant for another audience.',
  'wrong-issuer': 'The token is from another issuer.',
  'missing-claim': 'The token lacks a claim that this trigger requires.',
  'unknown-kind': 'This trigger asks for a kind of credential that is not known here.',
} as const;

export type Denial = keyof typeof DENIALS;
