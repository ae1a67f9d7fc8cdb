import { FILTERS } from './filters.ts';
import type { Library } from './runtime.ts';
import { TESTS } from './tests.ts';

/** All filters and tests, for those filters that are given another by name. */
export const LIBRARY: Library = { filters: FILTERS, tests: TESTS };
