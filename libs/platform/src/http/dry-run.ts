import { AsyncLocalStorage } from 'node:async_hooks';
import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { ApiQuery } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Observable } from 'rxjs';
import { platformError } from './platform.errors.ts';

const ALLOWED = 'sluice:dry-run';
const rehearsing = new AsyncLocalStorage<true>();

/** What an answer to a dry run carries, because its status and body are those of the real thing. */
export const DRY_RUN_HEADER = 'sluice-dry-run';

/** The route can be rehearsed with `?dryRun=true`: everything it changes goes through something that asks `isDryRun`. */
export const AllowsDryRun = (): MethodDecorator =>
  applyDecorators(
    SetMetadata(ALLOWED, true),
    ApiQuery({
      name: 'dryRun',
      required: false,
      schema: { type: 'boolean', default: false },
      description: 'true: checks everything and answers as it would, but changes nothing',
    }),
  );

/** Whether the request that is being handled wants to know what would happen, and nothing else. */
export function isDryRun(): boolean {
  return rehearsing.getStore() === true;
}

/** Runs something as a dry run, whatever the request asked for: what it would do, and nothing done. */
export function rehearsed<T>(work: () => T): T {
  return rehearsing.run(true, work);
}

function wantsDryRun(query: unknown): boolean {
  const sent = (query as { dryRun?: unknown } | undefined)?.dryRun;
  if (sent === undefined || sent === 'false') return false;
  if (sent === 'true') return true;
  throw refused('must be true or false');
}

function refused(message: string): Error {
  return platformError('invalid_request', `dryRun ${message}`, { errors: [{ pointer: '/dryRun', message }] });
}

/** Sets the mark that `isDryRun` reads; a route that cannot be rehearsed refuses instead of doing it in earnest. */
export class DryRunInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (request.method === 'GET' || request.method === 'HEAD' || !wantsDryRun(request.query)) return next.handle();
    if (this.reflector.get<true | undefined>(ALLOWED, context.getHandler()) !== true) {
      throw refused('is not possible here: this cannot be rehearsed');
    }
    http.getResponse<FastifyReply>().header(DRY_RUN_HEADER, 'true');
    return new Observable((subscriber) => rehearsing.run(true, () => next.handle().subscribe(subscriber)));
  }
}
