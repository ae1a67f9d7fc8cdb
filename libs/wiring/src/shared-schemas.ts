import { accessTablesSql } from '@sluice/access';
import { endpointStatusTablesSql } from '@sluice/endpoint-status';
import { eventSchemaTablesSql } from '@sluice/event-schemas';
import { replicaTablesSql } from '@sluice/local-copy';
import { payloadTablesSql } from '@sluice/payloads';
import type { SharedSchema } from '@sluice/platform';
import { retentionTablesSql } from '@sluice/retention';
import { sealedTablesSql } from '@sluice/sealed-values';

/** The schemas that every service may read; each belongs to one library. */
export const SHARED_SCHEMAS: readonly SharedSchema[] = [
  { name: 'access', statements: accessTablesSql() },
  { name: 'endpoint_status', statements: endpointStatusTablesSql() },
  { name: 'event_schemas', statements: eventSchemaTablesSql() },
  { name: 'replicas', statements: replicaTablesSql() },
  { name: 'payloads', statements: payloadTablesSql() },
  { name: 'retention', statements: retentionTablesSql() },
  { name: 'sealed', statements: sealedTablesSql() },
];
