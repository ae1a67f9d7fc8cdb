import { DATE_FILTERS } from './date-filters.ts';
import { ENCODING_FILTERS } from './encoding-filters.ts';
import { NUMBER_FILTERS } from './number-filters.ts';
import { ORDER_FILTERS } from './order-filters.ts';
import { REGEX_FILTERS } from './regex-filters.ts';
import { SELECT_FILTERS } from './select-filters.ts';
import { SEQUENCE_FILTERS } from './sequence-filters.ts';
import type { Operation } from './signature.ts';
import { TEXT_FILTERS } from './text-filters.ts';

/** All filters by name. */
export const FILTERS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ...TEXT_FILTERS,
  ...NUMBER_FILTERS,
  ...SEQUENCE_FILTERS,
  ...ORDER_FILTERS,
  ...SELECT_FILTERS,
  ...ENCODING_FILTERS,
  ...REGEX_FILTERS,
  ...DATE_FILTERS,
]);

/** Filters of Jinja that are left out on purpose, and why. */
export const REFUSED_FILTERS: ReadonlyMap<string, string> = new Map([
  ['attr', 'write value.name or value["name"]'],
  ['random', 'a template gives the same output every time it is evaluated'],
  ['pprint', 'use tojson(indent=2)'],
  ['urlize', 'templates here do not make HTML'],
]);
