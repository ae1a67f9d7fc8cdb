import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { RawRoutes, type RawRoutesProvider } from '@sluice/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TriggerDoor } from '../../accept/trigger-door.ts';
import { Router } from '../../routing/router.ts';
import { NativeProfile } from './native-profile.ts';
import { plainTriggerId } from './plain-trigger-id.rules.ts';

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
        this.#handle(request.params.id, request.raw, reply.raw);
      },
      handler: () => undefined,
    });
    this.#takeFirst(app);
  }

  /**
   * Nearly every request is a POST to a path that has nothing to decode. It goes past the framework, which would only
   * make a request and a reply of it that nobody reads: 5 µs and 2.3 KB of each accept. All others, and all once the
   * server closes, are the framework's, whose route above does the same.
   */
  #takeFirst({ server }: FastifyInstance): void {
    const others = server.listeners('request');
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const id = request.method === 'POST' && server.listening ? plainTriggerId(request.url as string) : null;
      if (id !== null) this.#handle(id, request, response);
      else for (const other of others) other.call(server, request, response);
    });
  }

  #handle(id: string, request: IncomingMessage, response: ServerResponse): void {
    void this.door.handle(this.profile, () => this.router.find(id), request, response);
  }
}
