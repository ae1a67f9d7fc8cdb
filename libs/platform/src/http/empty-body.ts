import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { Reflector } from '@nestjs/core';
import { ApiBody, type ApiBodyOptions } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { platformError } from './platform.errors.ts';

const OPTIONAL = 'sluice:optional-body';

/** The route takes a body and does without one: its handler gets `undefined` then. */
export const OptionalBody = (options: ApiBodyOptions): MethodDecorator =>
  applyDecorators(SetMetadata(OPTIONAL, true), ApiBody({ ...options, required: false }));

function takesBody(context: ExecutionContext): boolean {
  const handed = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) as
    | object
    | undefined;
  return Object.keys(handed ?? {}).some((name) => name.startsWith(`${RouteParamtypes.BODY}:`));
}

/**
 * Clients name a content type on every request, also where they send nothing. That is no body; it is refused as JSON
 * that cannot be read only where a body is needed.
 */
export class EmptyBodyInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const { body, headers, method } = context.switchToHttp().getRequest<FastifyRequest>();
    if (body !== undefined || headers['content-type'] === undefined || method === 'GET') return next.handle();
    const isNeeded =
      takesBody(context) && this.reflector.get<true | undefined>(OPTIONAL, context.getHandler()) !== true;
    if (isNeeded) throw platformError('malformed_json', 'the body is empty, and this needs one');
    return next.handle();
  }
}
