import { Injectable } from '@nestjs/common';
import { InjectSettings, type Settings } from '@sluice/platform';
import { ALLOWED_ADDRESSES } from '../authentication/allowed-addresses.ts';
import { TriggerAuthenticator } from '../authentication/trigger-authenticator.ts';
import type { Admission, AdmissionCheck, EarlyAnswer, Verdict } from './admission.ts';
import { CROSS_ORIGIN_CHECK } from '../cross-origin/cross-origin.ts';
import { Capture } from '../capture/capture.ts';
import { OPEN_HANDSHAKES, SIGNED_HANDSHAKES } from '../handshakes/handshake-checks.ts';
import { Idempotency } from '../idempotency/idempotency.ts';
import { AddressLimit, TriggerLimit } from '../limits/rate-limits.ts';
import { BodyDecoding } from '../inbound/body-decoding.ts';
import { Ordering } from '../ordering/ordering.ts';
import { BodyCheck, LOOP_CHECK, METHOD_CHECK, STATE_CHECK } from './fixed-checks.ts';

/**
 * The order in which a request is checked (DESIGN.md §3.3), after its body was received within bounds and its trigger
 * was found. A stranger learns nothing but whether the trigger exists, nothing is parsed for one who may not call, and
 * what costs least comes first. Whoever adds a check injects it here and gives it its place.
 */
@Injectable()
export class AdmissionOrder {
  readonly #caller: readonly AdmissionCheck[];
  readonly #checks: readonly AdmissionCheck[];

  constructor(
    authenticator: TriggerAuthenticator,
    addressLimit: AddressLimit,
    triggerLimit: TriggerLimit,
    idempotency: Idempotency,
    ordering: Ordering,
    capture: Capture,
    decoding: BodyDecoding,
    @InjectSettings() settings: Settings,
  ) {
    // What is asked of every caller.
    this.#caller = [addressLimit, ALLOWED_ADDRESSES, authenticator];
    this.#checks = [
      CROSS_ORIGIN_CHECK,
      addressLimit,
      ALLOWED_ADDRESSES,
      OPEN_HANDSHAKES,
      METHOD_CHECK,
      authenticator,
      SIGNED_HANDSHAKES,
      decoding,
      capture,
      LOOP_CHECK,
      STATE_CHECK,
      triggerLimit,
      new BodyCheck(settings.requestLimits.body),
      ordering,
      // The last one: it makes the request's id, and a request that it lets through goes to the store.
      idempotency,
    ];
  }

  /**
   * How the request is answered if not by starting a run, or null; a promise only when a check had to ask somebody.
   * @throws AppError of the check that refuses it.
   */
  check(admission: Admission): EarlyAnswer | null | Promise<EarlyAnswer | null> {
    return checkInOrder(this.#checks, admission);
  }

  /** Only whether the caller may start the trigger, for what else its credential opens; like `check` otherwise. */
  checkCaller(admission: Admission): EarlyAnswer | null | Promise<EarlyAnswer | null> {
    return checkInOrder(this.#caller, admission);
  }
}

/** Asks the checks one after another until one of them answers; without a promise while none of them gives one. */
export function checkInOrder(
  checks: readonly AdmissionCheck[],
  admission: Admission,
  start = 0,
): EarlyAnswer | null | Promise<EarlyAnswer | null> {
  for (let at = start; at < checks.length; at++) {
    const verdict = (checks[at] as AdmissionCheck).check(admission);
    if (verdict === undefined) continue;
    if (verdict instanceof Promise) return goOn(verdict, checks, admission, at + 1);
    return verdict;
  }
  return null;
}

async function goOn(
  verdict: Promise<Verdict>,
  checks: readonly AdmissionCheck[],
  admission: Admission,
  next: number,
): Promise<EarlyAnswer | null> {
  return (await verdict) ?? checkInOrder(checks, admission, next);
}
