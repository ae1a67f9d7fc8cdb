export { AccessBoard } from './access-board.ts';
export { AccessControl, type AccessControlOptions, type TriggerCaller } from './access-control.ts';
export { AccessGuard } from './access.guard.ts';
export { AccessModule } from './access.module.ts';
export { type AccessGrant, accessTablesSql, grantAccess, nameApp, revokeAccess } from './access-tables.ts';
export { isForeign, maybeForged, sessionCookie, sessionCookieOf } from './cookie.rules.ts';
export { bearerOf, hashToken, newToken } from './credential.ts';
export {
  type Actor,
  actorOf,
  type AppScope,
  DEFAULT_APP_ID,
  DEFAULT_APP_NAME,
  type Principal,
} from './principal.ts';
export { PortalTokens } from './portal-tokens.ts';
export { AskAgain, Caller, InApp, Public, type Readmit, Requires } from './requires.decorator.ts';
export { appsOf, reaches, roleFor, roleIn, ROLES } from './roles.ts';
export { allows, type Scope, SCOPES, scopeOf } from './scopes.ts';
export {
  admitUser,
  dismissUser,
  endSession,
  keepSession,
  openSession,
  SESSION_IDLE_MS,
  SESSION_LIFE_MS,
} from './session-tables.ts';
