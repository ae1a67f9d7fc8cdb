import { Injectable } from '@nestjs/common';
import { RawRoutes, type RawRoutesProvider } from '@sluice/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type FindRoute, TriggerDoor } from '../../accept/trigger-door.ts';
import { Router } from '../../routing/router.ts';
import { FlowProfile } from './flow-profile.ts';

const NOWHERE: FindRoute = () => null;

/** `/v1/flow-webhook/{flow_id}` (LC-01); whatever is longer or shorter is answered 404 in the vendor's shape as well. */
@Injectable()
@RawRoutes()
export class FlowRoutes implements RawRoutesProvider {
  constructor(
    private readonly door: TriggerDoor,
    private readonly profile: FlowProfile,
    private readonly router: Router,
  ) {}

  registerRoutes(app: FastifyInstance): void {
    const route = (url: string, findBy: (params: { id?: string }) => FindRoute): void => {
      app.route<{ Params: { id?: string } }>({
        method: app.supportedMethods,
        url,
        exposeHeadRoute: false,
        // The request is taken from Fastify before it parses anything: bodies of every type arrive as bytes.
        onRequest: (request: FastifyRequest<{ Params: { id?: string } }>, reply: FastifyReply) => {
          reply.hijack();
          void this.door.handle(this.profile, findBy(request.params), request.raw, reply.raw);
        },
        handler: () => undefined,
      });
    };
    route(
      '/v1/flow-webhook/:id',
      ({ id = '' }) =>
        () =>
          this.router.findOfFlow(id),
    );
    route('/v1/flow-webhook/:id/*', () => NOWHERE);
    route('/v1/flow-webhook', () => NOWHERE);
  }
}
