import { Injectable } from '@nestjs/common';
import { AccessControl, bearerOf, roleIn } from '@sluice/access';
import { type AppError, type TriggerAuth, usesToken } from '@sluice/contracts';
import type { Admission, AdmissionCheck, Verdict } from '../accept/admission.ts';
import { gatewayError } from '../gateway.errors.ts';
import { CredentialVerifiers, type Denial, DENIALS, challengeOf, isAuthentic } from '@sluice/trigger-credentials';

/** Decides who may start a trigger: by the trigger's credential, or as its profile says. */
@Injectable()
export class TriggerAuthenticator implements AdmissionCheck {
  constructor(
    private readonly access: AccessControl,
    private readonly verifiers: CredentialVerifiers,
  ) {}

  /** A promise only where access has to be asked. */
  check(admission: Admission): Verdict | Promise<Verdict> {
    const { profile, query } = admission;
    if (profile.takesDrafts && query.mode === 'draft') {
      admission.mode = 'draft';
      return this.#requireEditor(admission);
    }
    if (profile.authenticate !== undefined) return profile.authenticate(admission);
    return this.requireCredential(admission);
  }

  /**
   * A promise only where a secret or key has to be got, and for JWTs.
   * @throws AppError `unauthorized` unless the request carries the trigger's own credential; 503 when that cannot be
   * judged now.
   */
  requireCredential({ route, request, body }: Pick<Admission, 'route' | 'request' | 'body'>): void | Promise<void> {
    const { auth, tokenHashes } = route.trigger;
    if (auth.type === 'none' || usesToken(auth)) {
      if (!isAuthentic(auth, tokenHashes, request.headers)) throw unauthorized(challengeOf(auth));
      return;
    }
    const denial = this.verifiers.denialOf(route.trigger, request.headers, body);
    if (denial instanceof Promise) return denial.then((found) => refuse(auth, found));
    refuse(auth, denial);
  }

  /** `?mode=draft` runs what is not published yet, so it takes a token that may edit, not the trigger's. */
  async #requireEditor(admission: Admission): Promise<void> {
    const { request, route } = admission;
    const token = bearerOf(request.headers.authorization);
    const caller = token === null ? null : await this.access.authenticate(token);
    if (caller === null || caller.kind === 'trigger') throw unauthorized('Bearer realm="sluice"');
    // A stranger from another app must not learn that the trigger exists.
    if (roleIn(caller, route.trigger.appId) === null) {
      throw gatewayError('unknown_trigger', 'There is no trigger at this address.');
    }
    if (!this.access.mayIn(caller, route.trigger.appId, 'automation.manage')) {
      throw gatewayError(
        'forbidden',
        '?mode=draft needs a token that may edit (scope automation.manage, role editor).',
      );
    }
    admission.principal = caller;
  }
}

function refuse(auth: TriggerAuth, denial: Denial | null): void {
  if (denial !== null) throw unauthorized(challengeOf(auth), DENIALS[denial]);
}

/** @param challenge what `WWW-Authenticate` says. */
export function unauthorized(
  challenge: string,
  detail = 'The credential of this trigger is missing or wrong.',
): AppError {
  return gatewayError('unauthorized', detail, {
    headers: { 'www-authenticate': challenge },
  });
}
