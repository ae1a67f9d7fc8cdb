import type { BusEvent } from '@sluice/bus';
import type { Topic } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { deadLetterWrites } from '../dead-letters/dead-letters.projection.ts';
import { deliveryWrites } from '../deliveries/deliveries.projection.ts';
import { requestWrites } from '../requests/requests.projection.ts';
import { byteWrites } from '../retention/bytes.projection.ts';
import { runWrites } from '../runs/runs.projection.ts';
import { sampleWrites } from '../samples/samples.projection.ts';
import { statWrites } from '../stats/stats.projection.ts';

type Writes = (events: readonly BusEvent[]) => Alongside[];

/** Which projections read which topic. The calls of inline endpoints are deliveries too, and the runner makes them. */
const PROJECTIONS: Partial<Record<Topic, readonly Writes[]>> = {
  'gateway.events': [requestWrites, sampleWrites, deadLetterWrites, statWrites, byteWrites],
  'runner.events': [runWrites, deliveryWrites, deadLetterWrites, statWrites, byteWrites],
  'dispatcher.events': [deliveryWrites, deadLetterWrites, statWrites, byteWrites],
  'registry.events': [deadLetterWrites],
  'delivery-log.events': [deadLetterWrites],
};

export const READ_TOPICS = Object.keys(PROJECTIONS) as Topic[];

/** Everything that events of a topic write into the read models. */
export function topicWrites(topic: Topic, events: readonly BusEvent[]): Alongside[] {
  return (PROJECTIONS[topic] ?? []).flatMap((writes) => writes(events));
}
