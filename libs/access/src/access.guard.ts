import { type CanActivate, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { platformError } from '@sluice/platform';
import { AccessControl } from './access-control.ts';
import { bearerOf } from './credential.ts';
import type { AppScope, Principal } from './principal.ts';
import { ACCESS_RULE, type AccessRule, admit } from './requires.decorator.ts';
import { allows } from './scopes.ts';

interface HttpRequest {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body?: unknown;
  query?: unknown;
}

const TRIGGER_HEADERS = ['x-sluice-webhook-token', 'x-lutra-webhook-token'];
const log = new Logger('access');

/** Lets a request in when its route says whom it is for and its credential says so too. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly access: AccessControl,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Bus handlers share the application's guards; nobody calls them from outside.
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const rule = this.reflector.getAllAndOverride<AccessRule | undefined>(ACCESS_RULE, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!rule) {
      log.error(`${context.getClass().name}.${context.getHandler().name} has neither @Requires nor @Public: refused`);
      throw platformError('forbidden', 'this route does not say who may use it');
    }
    if (rule.public) return true;
    const caller = await this.authenticate(request, rule.orTrigger);
    if (caller.kind === 'trigger' ? !rule.orTrigger : !allows(caller.scopes, rule.scope)) {
      throw platformError('forbidden', `this needs the scope ${rule.scope}`);
    }
    admit(request, { caller, app: await this.appOf(request, caller) });
    return true;
  }

  private async authenticate(request: HttpRequest, orTrigger: boolean): Promise<Principal> {
    const token = credentialOf(request, orTrigger);
    if (token === null) throw platformError('unauthorized', 'send Authorization: Bearer <token>');
    const caller = await this.access.authenticate(token);
    if (!caller) throw platformError('unauthorized', 'the token is unknown, revoked or expired');
    return caller;
  }

  private async appOf(request: HttpRequest, caller: Principal): Promise<AppScope> {
    const named = namedApps(request);
    const ids = await Promise.all(named.map((name) => this.access.findApp(name, caller)));
    if (ids.includes(null)) throw platformError('not_found', 'there is no such app');
    if (new Set(ids).size > 1) {
      throw platformError('invalid_request', 'X-Sluice-App and appId name different apps', {
        errors: [{ pointer: '/appId', message: 'differs from X-Sluice-App' }],
      });
    }
    const only = ids[0] ?? caller.appId;
    return {
      id: only ?? this.access.defaultAppOf(caller),
      only,
      sees: (appId) => (only === null ? true : appId === only),
    };
  }
}

function credentialOf(request: HttpRequest, orTrigger: boolean): string | null {
  const authorization = request.headers.authorization;
  if (authorization !== undefined || !orTrigger) return bearerOf(authorization as string | undefined);
  const sent = TRIGGER_HEADERS.map((name) => request.headers[name]).find((value) => value !== undefined);
  return typeof sent === 'string' && sent.length > 0 && sent.length <= 4096 ? sent : null;
}

/** The app is named by the header `X-Sluice-App` or by `appId` in the body or the query. */
function namedApps(request: HttpRequest): string[] {
  const fieldOf = (value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as { appId?: unknown }).appId
      : undefined;
  const sources = [request.headers['x-sluice-app'], fieldOf(request.body), fieldOf(request.query)];
  return sources.filter((value): value is string => typeof value === 'string' && value !== '');
}
