export { freePort } from '@sluice/local-servers';
export { createTestDatabase, type DatabaseTemplate, type TestDatabase } from './test-database.ts';
export { waitFor } from './wait-for.ts';
