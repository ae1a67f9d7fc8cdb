import type { Topic } from '@sluice/contracts';
import { READ_TOPICS } from '../read-model/topic-writes.ts';

/** What can be built again, and the tables that it lives in: in the order in which the consumer locks them. */
const TABLES = {
  requests: ['requests'],
  rejections: ['rejected_requests'],
  samples: ['samples'],
  runs: ['runs', 'steps'],
  timeline: ['led_to'],
  events: ['domain_events'],
  deliveries: ['deliveries', 'endpoint_ids', 'attempts'],
  'whole-bodies': ['whole_bodies'],
  'dead-letters': ['dead_letter_list'],
  stats: ['stats', 'stat_totals', 'app_bytes'],
} as const;

export type Projection = keyof typeof TABLES | 'all';
export const PROJECTION_NAMES = [...Object.keys(TABLES), 'all'] as Projection[];

const GATEWAY: readonly Topic[] = ['gateway.events'];
const TOPICS: Readonly<Record<Exclude<Projection, 'all'>, readonly Topic[]>> = {
  requests: GATEWAY,
  rejections: GATEWAY,
  samples: GATEWAY,
  runs: ['runner.events'],
  timeline: ['runner.events', 'dispatcher.events'],
  events: ['runner.events', 'dispatcher.events'],
  deliveries: ['runner.events', 'dispatcher.events'],
  'whole-bodies': ['runner.events', 'dispatcher.events'],
  'dead-letters': READ_TOPICS,
  stats: ['gateway.events', 'runner.events', 'dispatcher.events'],
};

export function tablesOf(projection: Projection): readonly string[] {
  return projection === 'all' ? Object.values(TABLES).flat() : TABLES[projection];
}

export function topicsOf(projection: Projection): readonly Topic[] {
  return projection === 'all' ? READ_TOPICS : TOPICS[projection];
}

/** Statements that are not called by their table. */
const TABLE_OF: Readonly<Record<string, string>> = {
  dead_letters_redriven: 'dead_letter_list',
  'delivery_log.samples_pruned': 'samples',
};

/** The table that a statement of a projection writes. */
export function tableOfStatement(name: string): string {
  return TABLE_OF[name] ?? name.replace('delivery_log.', '');
}
