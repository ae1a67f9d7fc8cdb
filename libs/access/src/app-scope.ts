import type { Role } from '@sluice/contracts';
import { platformError } from '@sluice/platform';
import { type AppScope, DEFAULT_APP_ID, type Principal } from './principal.ts';
import { appsOf, isConfined, reaches, roleIn } from './roles.ts';

/**
 * The app that a request is about, for a caller that has to have `role` there.
 * @param named the app that the request names and that the caller may know of; null when it names none.
 * @throws AppError `forbidden` when the caller's role is too weak in the named app, or in every app.
 */
export function appScope(caller: Principal, named: string | null, role: Role): AppScope {
  const only = named ?? caller.appId;
  if (isConfined(caller)) return scopeOf(caller.appId);
  if (only !== null) {
    if (!reaches(roleIn(caller, only), role)) throw tooWeak(role);
    return scopeOf(only);
  }
  const apps = appsOf(caller, role);
  if (apps === null) return scopeOf(null);
  if (apps.length === 0) throw tooWeak(role);
  return apps.length === 1 ? scopeOf(apps[0] as string) : severalApps(apps);
}

/** One app, or with null all of them. */
function scopeOf(only: string | null): AppScope {
  return { id: only ?? DEFAULT_APP_ID, only, sees: (appId) => only === null || appId === only };
}

/** A user with roles in some apps finds a thing by its id in any of them; what names nothing is in the default app. */
function severalApps(apps: readonly string[]): AppScope {
  const one = (): string => {
    if (apps.includes(DEFAULT_APP_ID)) return DEFAULT_APP_ID;
    throw platformError('invalid_request', 'you may enter several apps: name one by X-Sluice-App or appId', {
      errors: [{ pointer: '/appId', message: 'is needed: you may enter several apps' }],
    });
  };
  return {
    get id() {
      return one();
    },
    get only() {
      return one();
    },
    sees: (appId) => appId !== null && apps.includes(appId),
  };
}

function tooWeak(role: Role): Error {
  return platformError('forbidden', `this needs the role ${role} in the app`);
}
