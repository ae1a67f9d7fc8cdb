import { setImmediate } from 'node:timers/promises';
import type { Decision } from './decision.ts';

/** A decision that takes long is made in turns, between which others are served; its events are those of all turns. */
export async function completed(first: Decision, goOn: () => Decision): Promise<Decision> {
  let decision = first;
  while (decision.next.kind === 'more') {
    await setImmediate();
    const next = goOn();
    for (const event of next.events) decision.events.push(event);
    const outputs = [...decision.outputs, ...next.outputs];
    decision = { ...next, events: decision.events, outputs, answer: decision.answer ?? next.answer };
  }
  return decision;
}
