import { type CanActivate, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppError } from '@sluice/contracts';
import { ClientAddress, InjectSettings, platformError, type Settings } from '@sluice/platform';
import { AccessControl } from './access-control.ts';
import { appScope } from './app-scope.ts';
import { maybeForged, sessionCookieOf } from './cookie.rules.ts';
import { bearerOf } from './credential.ts';
import type { AppScope, Principal } from './principal.ts';
import { ACCESS_RULE, type AccessRule, admit, type Admitted } from './requires.decorator.ts';
import { appsOf } from './roles.ts';
import { admitPortal } from './admit-portal.ts';
import { allows } from './scopes.ts';

interface HttpRequest {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body?: unknown;
  query?: unknown;
  params?: { id?: string };
  socket?: { remoteAddress?: string };
}

type StrictRule = Extract<AccessRule, { public: false }>;
type Admission = Omit<Admitted, 'readmit'>;

const TRIGGER_HEADERS = ['x-sluice-webhook-token', 'x-lutra-webhook-token'];
const log = new Logger('access');

/** Lets a request in when its route says whom it is for and its credential says so too. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly clients: ClientAddress;
  private readonly isSecure: boolean;

  constructor(
    private readonly reflector: Reflector,
    private readonly access: AccessControl,
    @InjectSettings() settings: Settings,
  ) {
    this.clients = new ClientAddress(settings.trustedProxies);
    this.isSecure = settings.publicUrl.startsWith('https://');
  }

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
    const admitted = await this.admission(request, rule, true);
    admit(request, { ...admitted, readmit: () => this.readmission(request, rule, admitted) });
    return true;
  }

  private async admission(request: HttpRequest, rule: StrictRule, isUse: boolean): Promise<Admission> {
    const known = rule.orTrigger
      ? await this.triggerOrOther(request, isUse)
      : await this.authenticate(request, false, isUse);
    if (known.portal) admitPortal(known.portal, rule.portal, request.params?.id);
    else if (known.kind === 'trigger' ? !rule.orTrigger : !allows(known.scopes, rule.scope)) {
      throw platformError('forbidden', `this needs the scope ${rule.scope}`);
    }
    if (rule.everywhere && appsOf(known, rule.role) !== null) {
      throw platformError('forbidden', `this needs the role ${rule.role} in all apps`);
    }
    const address = this.clients.of(request.socket?.remoteAddress, request.headers['x-forwarded-for']);
    const caller = address === '' ? known : { ...known, address };
    return { caller, app: appScope(caller, await this.namedApp(request, caller), rule.role) };
  }

  /** A trigger's caller may have signed the request: that is not asked twice, a signature has its time. */
  private async readmission(request: HttpRequest, rule: StrictRule, first: Admission): Promise<AppScope | null> {
    if (first.caller.kind === 'trigger') return first.app;
    try {
      return (await this.admission(request, rule, false)).app;
    } catch (error) {
      if (error instanceof AppError && error.status < 500) return null;
      throw error;
    }
  }

  /** GW-06: besides tokens that are known here, the credential of the run's trigger in a form of its own. */
  private async triggerOrOther(request: HttpRequest, isUse: boolean): Promise<Principal> {
    try {
      return await this.authenticate(request, true, isUse);
    } catch (error) {
      const runId = request.params?.id;
      if (!(error instanceof AppError) || error.code !== 'unauthorized' || runId === undefined) throw error;
      const caller = await this.access.triggerCaller({ runId, path: pathOf(request.url), headers: request.headers });
      if (caller === null) throw error;
      return caller;
    }
  }

  private async authenticate(request: HttpRequest, orTrigger: boolean, isUse: boolean): Promise<Principal> {
    const token = headerCredentialOf(request, orTrigger);
    const cookie = token === null ? sessionCookieOf(request.headers.cookie, this.isSecure) : null;
    if (cookie !== null && maybeForged(request.method, request.headers)) {
      throw platformError(
        'forbidden',
        'a request by cookie needs the Origin of this site, or the header X-Sluice-Csrf',
      );
    }
    const sent = token ?? cookie;
    if (sent === null) throw platformError('unauthorized', 'send Authorization: Bearer <token>, or sign in');
    const caller = await this.access.authenticate(sent, isUse);
    if (!caller || (cookie !== null && caller.kind !== 'session')) {
      throw platformError('unauthorized', 'the token is unknown, revoked or expired');
    }
    return caller;
  }

  private async namedApp(request: HttpRequest, caller: Principal): Promise<AppScope['only']> {
    const named = namedApps(request);
    const ids = await Promise.all(named.map((name) => this.access.findApp(name, caller)));
    if (ids.includes(null)) throw platformError('not_found', 'there is no such app');
    if (new Set(ids).size > 1) {
      throw platformError('invalid_request', 'X-Sluice-App and appId name different apps', {
        errors: [{ pointer: '/appId', message: 'differs from X-Sluice-App' }],
      });
    }
    return ids[0] ?? null;
  }
}

/** An `Authorization` header that is there decides alone: a wrong one is not made good by a cookie. */
function headerCredentialOf(request: HttpRequest, orTrigger: boolean): string | null {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = bearerOf(authorization as string);
    if (token === null) throw platformError('unauthorized', 'send Authorization: Bearer <token>');
    return token;
  }
  if (!orTrigger) return null;
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

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
