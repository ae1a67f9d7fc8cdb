import { Injectable, Logger } from '@nestjs/common';
import { type SealedRef, type TriggerAuth, usesSecret } from '@sluice/contracts';
import { SealedValues, UnsealError } from '@sluice/sealed-values';
import { triggerCredentialError } from './trigger-credentials.errors.ts';
import type { RequestHeaders } from './request-headers.ts';
import { type VerifyCredential, verifierOf } from './credential-verifier.ts';
import type { Denial } from './denial.ts';
import { KeySets } from './key-sets.ts';

const log = new Logger('trigger-credentials.credentials');

/** How long a trigger whose secret cannot be opened is not tried again. */
const UNREADABLE_MS = 5_000;

/** What of a trigger says how its callers are known. A changed trigger has to be another object. */
export interface SecuredTrigger {
  triggerId: string;
  auth: TriggerAuth;
  /** Live secrets of `auth`. */
  secrets: readonly SealedRef[];
}

interface Prepared {
  verify: VerifyCredential;
  /** Prepared again after this. */
  untilMs: number;
}

/**
 * Verifies the credentials that need more than a token's hash. Secrets are opened and keys prepared once per change of
 * a trigger: a change makes a new route object, and with the old one what was prepared for it goes.
 */
@Injectable()
export class CredentialVerifiers {
  readonly #prepared = new WeakMap<SecuredTrigger, Prepared>();
  readonly #preparing = new WeakMap<SecuredTrigger, Promise<Prepared>>();

  constructor(
    private readonly sealed: SealedValues,
    private readonly keySets: KeySets,
  ) {}

  /**
   * Why the request may not start the trigger, null when it may; a promise only the first time and for JWTs.
   * @throws AppError 503 when secret or keys cannot be had now; transient errors when the database is away.
   */
  denialOf(trigger: SecuredTrigger, headers: RequestHeaders, body: Buffer): Denial | null | Promise<Denial | null> {
    const prepared = this.#prepared.get(trigger);
    if (prepared !== undefined && (prepared.untilMs === Infinity || prepared.untilMs > Date.now())) {
      return prepared.verify(headers, body);
    }
    return this.#prepare(trigger).then(({ verify }) => verify(headers, body));
  }

  #prepare(trigger: SecuredTrigger): Promise<Prepared> {
    let preparing = this.#preparing.get(trigger);
    if (preparing === undefined) {
      preparing = this.#made(trigger).finally(() => this.#preparing.delete(trigger));
      this.#preparing.set(trigger, preparing);
    }
    return preparing;
  }

  async #made(trigger: SecuredTrigger): Promise<Prepared> {
    const refs = usesSecret(trigger.auth) ? trigger.secrets : [];
    const opened = await Promise.all(refs.map((ref) => this.#open(trigger, ref)));
    const secrets = opened.filter((secret) => secret !== null);
    const verify = verifierOf(trigger.auth, secrets, (url) => this.keySets.resolver(url), Date.now);
    const prepared =
      secrets.length === refs.length
        ? { verify, untilMs: Infinity }
        : { verify: unlessUnreadable(verify), untilMs: Date.now() + UNREADABLE_MS };
    this.#prepared.set(trigger, prepared);
    return prepared;
  }

  async #open(trigger: SecuredTrigger, ref: SecuredTrigger['secrets'][number]): Promise<string | null> {
    try {
      return await this.sealed.open(ref);
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
      log.error(`a secret of trigger ${trigger.triggerId} cannot be opened: ${error.message}`);
      return null;
    }
  }
}

/** A sender gives up for good on a 401, so what cannot be judged here is not called wrong. */
function unlessUnreadable(verify: VerifyCredential): VerifyCredential {
  return async (headers, body) => {
    const denial = await verify(headers, body);
    if (denial !== 'wrong') return denial;
    throw triggerCredentialError('secret_unreadable', 'A secret of this trigger cannot be read now; try again.');
  };
}
