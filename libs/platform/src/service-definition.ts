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
  /** What of its data ends with age, besides its event tables; libs/retention acts on it. */
  retention?: RetentionRules;
}

/** Whether somebody still needs the streams of some days of the service's event tables. */
export interface RetentionNeed {
  /** Why a day is kept; a label of metrics. */
  name: string;
  /** Tables of others that need not exist: where one is missing, nobody needs anything. */
  tables?: readonly string[];
  /** `$1`: first id of the days, `$2`: first id behind them. One row with a boolean `needed`. */
  sql: string;
}

/** Rows that go by age. */
export interface RetentionPrune {
  table: string;
  /** Deletes up to `batchRows` rows that are older than `$1` (timestamptz). */
  sql: string;
  batchRows: number;
}

export interface RetentionRules {
  needs: readonly RetentionNeed[];
  prunes: readonly RetentionPrune[];
}

/** A schema that every service may read and one library owns; its statements are idempotent and run at boot. */
export interface SharedSchema {
  name: string;
  statements: readonly string[];
}
