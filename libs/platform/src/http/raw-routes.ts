import { DiscoveryService } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { DescribedPaths } from '../openapi/openapi-document.ts';

/** A provider that registers raw Fastify routes, for the hot path only; found by its decorator. */
export interface RawRoutesProvider {
  registerRoutes(app: FastifyInstance): void | Promise<void>;
  /** The same routes for the OpenAPI document, which Nest cannot read off them. */
  describeRoutes?(): DescribedPaths;
}

/** Marks a provider class whose `registerRoutes` the platform calls with the Fastify instance before it listens. */
export const RawRoutes = DiscoveryService.createDecorator<void>();
