import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { AppScope, Principal } from './principal.ts';
import type { Scope } from './scopes.ts';

export const ACCESS_RULE = 'sluice:access';

export type AccessRule = { public: true } | { public: false; scope: Scope; orTrigger: boolean };

/**
 * What a caller needs for this route. `orTrigger` also lets in the credential of any trigger; the handler then has to
 * compare `caller.triggerId` with what it shows.
 */
export const Requires = (scope: Scope, options: { orTrigger?: boolean } = {}): MethodDecorator & ClassDecorator =>
  SetMetadata(ACCESS_RULE, { public: false, scope, orTrigger: options.orTrigger ?? false } satisfies AccessRule);

/** A route for everybody. Without this or `@Requires` a route is refused. */
export const Public = (): MethodDecorator & ClassDecorator =>
  SetMetadata(ACCESS_RULE, { public: true } satisfies AccessRule);

/** What the guard found out about a request. */
export interface Admitted {
  caller: Principal;
  app: AppScope;
}

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
