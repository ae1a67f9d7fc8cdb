import { type DynamicModule, Injectable, Module } from '@nestjs/common';
import { CONSOLE_PATH, ConsoleSite } from '@sluice/console-site';
import { RawRoutes, type RawRoutesProvider } from '@sluice/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** The console on the port of everything else. */
@Injectable()
@RawRoutes()
class ConsoleRoutes implements RawRoutesProvider {
  private readonly site = new ConsoleSite();

  registerRoutes(app: FastifyInstance): void {
    const send = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
      const answer = this.site.answer({
        method: request.method,
        url: request.url,
        acceptEncoding: request.headers['accept-encoding'],
        ifNoneMatch: request.headers['if-none-match'],
      });
      if (!answer) return reply.callNotFound() as unknown as FastifyReply;
      return reply.status(answer.status).headers(answer.headers).send(answer.body);
    };
    for (const path of ['/', CONSOLE_PATH, `${CONSOLE_PATH}/*`]) app.get(path, send);
  }
}

class ConsoleModule {}
Module({})(ConsoleModule);

/** To be started beside the services. */
export const consoleModule: DynamicModule = { module: ConsoleModule, providers: [ConsoleRoutes] };
