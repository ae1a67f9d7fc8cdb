import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { RawRoutes, type RawRoutesProvider } from '@sluice/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../../accept/admission.ts';
import { TriggerDoor } from '../../accept/trigger-door.ts';
import { gatewayError } from '../../gateway.errors.ts';
import { replyJson } from '../../inbound/http-reply.ts';
import { Router } from '../../routing/router.ts';
import { RunProfile } from './run-profile.ts';
import { RunResources } from './run-resources.ts';

interface Ids {
  id: string;
  run: string;
}

/** `/api/webhooks/{trigger_id}/runs` and the runs below it (compatibility.md LT-04 to LT-08). */
@Injectable()
@RawRoutes()
export class RunRoutes implements RawRoutesProvider {
  constructor(
    private readonly door: TriggerDoor,
    private readonly profile: RunProfile,
    private readonly router: Router,
    private readonly runs: RunResources,
  ) {}

  registerRoutes(app: FastifyInstance): void {
    const route = (url: string, handle: (ids: Ids, request: IncomingMessage, response: ServerResponse) => void) =>
      app.route<{ Params: Ids }>({
        method: app.supportedMethods,
        url,
        exposeHeadRoute: false,
        // The request is taken from Fastify before it parses anything: bodies arrive as bytes.
        onRequest: (request: FastifyRequest<{ Params: Ids }>, reply: FastifyReply) => {
          reply.hijack();
          handle(request.params, request.raw, reply.raw);
        },
        handler: () => undefined,
      });
    route('/api/webhooks/:id/runs', ({ id }, request, response) => {
      void this.door.handle(this.profile, () => this.router.find(id), request, response);
    });
    route('/api/webhooks/:id/runs/:run', (ids, request, response) =>
      this.#visit(ids, request, response, ['GET', 'HEAD'], (admission) => this.#show(admission, ids.run)),
    );
    route('/api/webhooks/:id/runs/:run/cancel', (ids, request, response) =>
      this.#visit(ids, request, response, ['POST'], (admission) => this.#cancel(admission, ids.run)),
    );
  }

  #visit(
    { id, run }: Ids,
    request: IncomingMessage,
    response: ServerResponse,
    methods: readonly string[],
    serve: (admission: Admission) => Promise<void>,
  ): void {
    void this.door.visit(
      this.profile,
      () => {
        if (run === '') return null;
        if (methods.includes(request.method as string)) return this.router.find(id);
        const allow = methods.join(', ');
        throw gatewayError('method_not_allowed', `This address accepts ${allow}.`, { headers: { allow } });
      },
      request,
      response,
      serve,
    );
  }

  async #show({ route, response }: Admission, runId: string): Promise<void> {
    replyJson(response, 200, await this.runs.get(route.trigger, runId));
  }

  async #cancel({ route, response }: Admission, runId: string): Promise<void> {
    replyJson(response, 202, await this.runs.cancel(route.trigger, runId));
  }
}
