import { expect, it } from 'vitest';
import type { EventMeta, NewEvent } from './event-store.contract.ts';
import { InvalidAppendError } from './event-store.errors.ts';
import { prepareUnit } from './pending-unit.ts';

const STREAM = '00000000-0000-7000-8000-000000000001';
const OTHER = '00000000-0000-7000-8000-000000000002';
const metaOf = (correlationId: string): EventMeta => ({ correlationId, causationId: correlationId });
const eventOf = (meta: EventMeta): NewEvent => ({ type: 'Happened', appId: null, data: {}, meta });

function metasOf(...streams: { streamId: string; events: NewEvent[] }[]): unknown[] {
  const appends = streams.map((stream) => ({ ...stream, expectedVersion: 0 }));
  return prepareUnit({ appends }, ['runner.events']).events.map((event) => JSON.parse(event.metaJson) as unknown);
}

it('each event has the text of its own meta, shared by its neighbours or not', () => {
  const [one, two] = [metaOf('one'), metaOf('two')];
  expect(
    metasOf(
      { streamId: STREAM, events: [eventOf(one), eventOf(one), eventOf(two), eventOf(one)] },
      { streamId: OTHER, events: [eventOf(one), eventOf(metaOf('one')), eventOf(two)] },
    ),
  ).toEqual([one, one, two, one, one, one, two]);
});

it('meta that is no JSON is refused, whether it comes first or later', () => {
  const none = eventOf(undefined as unknown as EventMeta);
  expect(() => metasOf({ streamId: STREAM, events: [none] })).toThrow(InvalidAppendError);
  expect(() => metasOf({ streamId: STREAM, events: [eventOf(metaOf('one')), none] })).toThrow(InvalidAppendError);
});
