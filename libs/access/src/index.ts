export { AccessControl, type AccessControlOptions } from './access-control.ts';
export { AccessGuard } from './access.guard.ts';
export { AccessModule } from './access.module.ts';
export { type AccessGrant, accessTablesSql, grantAccess, nameApp, revokeAccess } from './access-tables.ts';
export { bearerOf, hashToken, newToken } from './credential.ts';
export { type AppScope, DEFAULT_APP_ID, DEFAULT_APP_NAME, type Principal } from './principal.ts';
export { Caller, InApp, Public, Requires } from './requires.decorator.ts';
export { allows, type Scope, SCOPES, scopeOf } from './scopes.ts';
