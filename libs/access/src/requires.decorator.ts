import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { PortalPermission, Role } from '@sluice/contracts';
import type { AppScope, Principal } from './principal.ts';
import { roleFor } from './roles.ts';
import type { Scope } from './scopes.ts';

export const ACCESS_RULE = 'sluice:access';

export type AccessRule =
  | { public: true }
  | { public: false; scope: Scope; role: Role; orTrigger: boolean; everywhere: boolean; portal?: PortalPermission };

interface Exceptions {
  /** The least role of a user, where it is not the one that goes with the scope. */
  role?: Role;
  orTrigger?: boolean;
  /** Only for those whose role holds in all apps: what is about the deployment rather than about an app. */
  everywhere?: boolean;
  /** Lets portal links in that have this permission; the path's `:id` is then one of their endpoints. */
  portal?: PortalPermission;
}

/**
 * What a caller needs for this route: a credential with the scope and, when it belongs to a user, the role in the app.
 * `orTrigger` also lets in the credential of any trigger; the handler then has to compare `caller.triggerId` with what it
 * shows. Stands in the OpenAPI document as `x-sluice-access`.
 */
export const Requires = (scope: Scope, exceptions: Exceptions = {}): MethodDecorator => {
  const { role = roleFor(scope), orTrigger = false, everywhere = false, portal } = exceptions;
  const more = portal === undefined ? {} : { portal };
  return applyDecorators(
    SetMetadata(ACCESS_RULE, { public: false, scope, role, orTrigger, everywhere, ...more } satisfies AccessRule),
    ApiExtension('x-sluice-access', { scope, role, orTrigger, everywhere, ...more }),
  );
};

/** A route for everybody. Without this or `@Requires` a route is refused. */
export const Public = (): MethodDecorator =>
  applyDecorators(
    SetMetadata(ACCESS_RULE, { public: true } satisfies AccessRule),
    ApiExtension('x-sluice-access', { public: true }),
  );

/** What the guard found out about a request. */
export interface Admitted {
  caller: Principal;
  app: AppScope;
  readmit: Readmit;
}

/**
 * Whether the request would be let in now, and to which apps: for answers that go on long after it. Null when its token was
 * revoked or has ended, or its user may not any more. What the credential of a trigger opened stays open: it is one run.
 * @throws what the database threw: then nobody knows
 */
export type Readmit = () => Promise<AppScope | null>;

const ADMITTED = Symbol('sluice.admitted');

export function admit(request: object, admitted: Admitted): void {
  (request as Record<symbol, Admitted>)[ADMITTED] = admitted;
}

function admittedOf(context: ExecutionContext): Admitted {
  const admitted = context.switchToHttp().getRequest<Record<symbol, Admitted | undefined>>()[ADMITTED];
  if (!admitted) throw new Error('a route without @Requires asked for its caller');
  return admitted;
}

/** The caller: `@Caller() caller: Principal`. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext) => admittedOf(context).caller);

/** The app that the request is about: `@InApp() app: AppScope`. */
export const InApp = createParamDecorator((_data: unknown, context: ExecutionContext) => admittedOf(context).app);

/** To ask again later whether the caller still may: `@AskAgain() readmit: Readmit`. */
export const AskAgain = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => admittedOf(context).readmit,
);
