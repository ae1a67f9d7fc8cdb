import type { ServiceDefinition } from '@sluice/platform';
import { CreateRegistry1732300000001 } from './migrations/create-registry.ts';
import { RegistryModule } from './registry.module.ts';

/** The management API: apps, flows, triggers, endpoints, tokens, secrets, and the events of their changes. */
export const registryService: ServiceDefinition = {
  name: 'registry',
  module: RegistryModule,
  migrations: [CreateRegistry1732300000001],
  topics: ['registry.events'],
  partitioned: false,
};
