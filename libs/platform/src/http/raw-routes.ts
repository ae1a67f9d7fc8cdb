import { DiscoveryService } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DescribedPaths } from '../openapi/openapi-document.ts';

/** A provider that registers raw Fastify routes, for the hot path only; found by its decorator. */
export interface RawRoutesProvider {
  registerRoutes(app: FastifyInstance): void | Promise<void>;
  /** The same routes for the OpenAPI document, which Nest cannot read off them. */
  describeRoutes?(): DescribedPaths;
  /** Answers a request whose address no router can read, if it is below its own paths; false leaves it to others. */
  answerUnreadable?(request: FastifyRequest, reply: FastifyReply): boolean;
}

/** Marks a provider class whose `registerRoutes` the platform calls with the Fastify instance before it listens. */
export const RawRoutes = DiscoveryService.createDecorator<void>();
