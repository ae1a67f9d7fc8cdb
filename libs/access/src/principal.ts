import type { PortalGrant, RoleGrant } from '@sluice/contracts';

/** Who makes a request, as its credential says. */
export interface Principal {
  /**
   * `personal`: an access token; `session`: somebody who has signed in; `trigger`: the credential of one trigger, which
   * reaches what that trigger started and nothing else; `call`: lent to an app's listener while it is called; `portal`: a
   * link of the customer portal, which reaches its endpoints by the routes that say so, and nothing else.
   */
  kind: 'personal' | 'session' | 'trigger' | 'call' | 'portal';
  /** The id of the token or of the session. */
  tokenId: string;
  /** The one app that the token belongs to, or null for a token of all apps (that its user may enter). */
  appId: string | null;
  scopes: readonly string[];
  userId: string | null;
  /** What the user may do, besides what the scopes allow; absent when the credential belongs to no user. */
  roles?: readonly RoleGrant[];
  triggerId?: string;
  /** Of a portal link: its endpoints, and what may be done with them. */
  portal?: PortalGrant;
  /** The address that the request came from, as far as the guard has seen one. */
  address?: string;
}

/** The app that a request is about. */
export interface AppScope {
  /**
   * Where new things go and what lists show.
   * @throws AppError `invalid_request` when the caller sees several apps and names none.
   */
  readonly id: string;
  /** The app that the caller's token belongs to or that the request names; null when it may see all. */
  readonly only: string | null;
  /** Whether a thing of that app exists as far as this caller is concerned; if not, the answer is 404. */
  sees(appId: string | null): boolean;
}

/** Who makes a change, as it stands in the meta of its event. */
export interface Actor {
  type: 'token' | 'user' | 'system' | 'trigger';
  id: string;
  /** Whence the request came. */
  address?: string;
  /** The personal access token that the user has used. */
  tokenId?: string;
}

/** The caller as the one who does something: the user, when the credential belongs to one. */
export function actorOf(caller: Principal): Actor {
  const from = caller.address === undefined ? {} : { address: caller.address };
  if (caller.userId === null) {
    return { type: caller.kind === 'trigger' ? 'trigger' : 'token', id: caller.tokenId, ...from };
  }
  const by = caller.kind === 'personal' ? { tokenId: caller.tokenId } : {};
  return { type: 'user', id: caller.userId, ...from, ...by };
}

/** Every deployment has one app from its first start on; its id is the same everywhere. */
export const DEFAULT_APP_ID = '00000000-0000-7000-8000-00000000da00';
export const DEFAULT_APP_NAME = 'default';
