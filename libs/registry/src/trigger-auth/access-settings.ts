import type { FieldProblem, TriggerState } from '@sluice/contracts';
import { allowedIpsProblems } from './allowed-ips.ts';
import { type AuthContext, authProblems } from './auth.rules.ts';
import { handshakeOf, handshakeProblems } from './handshake.rules.ts';
import type { Sent } from './sent-fields.rules.ts';

/** What these settings are judged by besides themselves. */
export interface AccessContext extends AuthContext {
  stored: TriggerState | null;
}

/** What is wrong with the settings that say who may call a trigger. */
export function accessProblems(sent: Sent, context: AccessContext): FieldProblem[] {
  return [
    ...authProblems(sent.auth, context),
    ...allowedIpsProblems(sent.allowedIps),
    ...handshakeProblems(sent.handshake, context.stored?.handshake ?? null),
  ];
}

/** The settings besides `auth` as they are stored; what was not sent is not there. */
export function accessSettingsOf(
  sent: Sent,
  triggerId: string,
  stored: TriggerState | null,
): Pick<TriggerState, 'allowedIps' | 'handshake'> {
  const handshake = handshakeOf(sent.handshake, triggerId, stored?.handshake ?? null);
  return {
    ...(sent.allowedIps === undefined ? {} : { allowedIps: sent.allowedIps as string[] | null }),
    ...(handshake === undefined ? {} : { handshake }),
  };
}
