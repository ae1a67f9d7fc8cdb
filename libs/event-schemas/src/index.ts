export { compileSchema, type SchemaCheck, schemaProblems } from './compiled-schema.ts';
export { enforceSchema, eventSchemaTablesSql, releaseSchema } from './event-schema-tables.ts';
export { EventSchemas } from './event-schemas.ts';
export { EventSchemasModule } from './event-schemas.module.ts';
export { checkedExampleOf, exampleOf } from './example-of.ts';
