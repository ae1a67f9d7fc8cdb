import type { Type } from '@nestjs/common';
import type { ServiceName, Topic } from '@sluice/contracts';
import type { MigrationInterface } from 'typeorm';

export type MigrationClass = new () => MigrationInterface;

/** What a service library hands to the wiring. */
export interface ServiceDefinition {
  name: ServiceName;
  module: Type<unknown>;
  /** Applied in order, once, in the service's own schema; class names end in a timestamp (TypeORM). */
  migrations: readonly MigrationClass[];
  topics: readonly Topic[];
  /** Whether its event tables are partitioned by time (everything but the registry's). */
  partitioned: boolean;
}

/** A schema that every service may read and one library owns; its statements are idempotent and run at boot. */
export interface SharedSchema {
  name: string;
  statements: readonly string[];
}
