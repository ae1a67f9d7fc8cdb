import { Injectable } from '@nestjs/common';
import { RawRoutes, type RawRoutesProvider } from '@sluice/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TriggerDoor } from '../../accept/trigger-door.ts';
import type { Route } from '../../routing/route.ts';
import { Router } from '../../routing/router.ts';
import { ListenerProfile } from './listener-profile.ts';

interface Params {
  app: string;
  '*': string;
}

/** `/apps/{app_uuid}/webhooks/{webhook_uuid}` (LN-03); a longer path names no webhook. */
@Injectable()
@RawRoutes()
export class ListenerRoutes implements RawRoutesProvider {
  constructor(
    private readonly door: TriggerDoor,
    private readonly profile: ListenerProfile,
    private readonly router: Router,
  ) {}

  registerRoutes(app: FastifyInstance): void {
    app.route<{ Params: Params }>({
      method: app.supportedMethods,
      url: '/apps/:app/webhooks/*',
      exposeHeadRoute: false,
      onRequest: (request: FastifyRequest<{ Params: Params }>, reply: FastifyReply) => {
        reply.hijack();
        const { app: appId, '*': id } = request.params;
        void this.door.handle(this.profile, () => this.#find(appId, id), request.raw, reply.raw);
      },
      handler: () => undefined,
    });
  }

  /** LN-04: the webhook of another app does not exist here. */
  #find(appId: string, id: string): Route | null | Promise<Route | null> {
    const found = this.router.find(id);
    return found instanceof Promise ? found.then((route) => ofApp(route, appId)) : ofApp(found, appId);
  }
}

function ofApp(route: Route | null, appId: string): Route | null {
  return route?.trigger.appId === appId.toLowerCase() ? route : null;
}
