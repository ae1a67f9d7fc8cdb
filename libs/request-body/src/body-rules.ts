/** Whose rules a body is read by: the profile of the trigger that took it. */
export type BodyProfile = 'native' | 'run' | 'flow' | 'listener';

/** How one profile reads bodies; what is the same for all of them stands in body-kind.ts. */
export interface BodyRules {
  /** Nothing but JSON, whatever the type says: `curl -d` calls everything a form. */
  onlyJson: boolean;
  /** Whether the XML types are taken: the two of LC-10 and the suffix `+xml` (RFC 7303). Guessing would call them forms. */
  xml: boolean;
  /** Which types are read by what the body looks like: all that are not known otherwise, or only none and text/plain. */
  guesses: 'every-type' | 'no-type';
  /** Whether JSON that is no object becomes `{"_json": …}`. */
  wraps: boolean;
}

/**
 * LC-10 is the rule of `flow`; LN-05 names JSON, urlencoded and multipart; LT-04 takes JSON only. Native is as LC-10
 * but honest about a type it does not know (GW-03, 415), and gives JSON as it is.
 */
export const BODY_RULES: Readonly<Record<BodyProfile, BodyRules>> = {
  native: { onlyJson: false, xml: true, guesses: 'no-type', wraps: false },
  run: { onlyJson: true, xml: false, guesses: 'every-type', wraps: false },
  flow: { onlyJson: false, xml: true, guesses: 'every-type', wraps: true },
  listener: { onlyJson: false, xml: false, guesses: 'every-type', wraps: true },
};
