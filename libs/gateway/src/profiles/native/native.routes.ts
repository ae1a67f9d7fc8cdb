import { Injectable } from '@nestjs/common';
import { RawRoutes, type RawRoutesProvider } from '@sluice/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TriggerDoor } from '../../accept/trigger-door.ts';
import { Router } from '../../routing/router.ts';
import { NativeProfile } from './native-profile.ts';

/** `/t/{trigger_id}` (platform.md GW-01). */
@Injectable()
@RawRoutes()
export class NativeRoutes implements RawRoutesProvider {
  constructor(
    private readonly door: TriggerDoor,
    private readonly profile: NativeProfile,
    private readonly router: Router,
  ) {}

  registerRoutes(app: FastifyInstance): void {
    app.route<{ Params: { id: string } }>({
      method: app.supportedMethods,
      url: '/t/:id',
      exposeHeadRoute: false,
      // The request is taken from Fastify before it parses anything: bodies of every method and type arrive as bytes.
      onRequest: (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
        reply.hijack();
        const { id } = request.params;
        void this.door.handle(this.profile, () => this.router.find(id), request.raw, reply.raw);
      },
      handler: () => undefined,
    });
  }
}
